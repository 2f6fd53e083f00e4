import type { ServerName, UserId } from '../../core/ids.ts';

/** What this folder needs from parts above it; `main/` hands it over. */

/** Decides which invites from other servers are taken (fulfilled by `accounts/`). */
export interface InviteGuard {
  /** @throws MatrixError M_FORBIDDEN where there is no such user, M_LIMIT_EXCEEDED */
  admit(origin: ServerName, target: UserId): Promise<void>;
}

/** Told of a room that users of ours cannot come into, since its version is not known here. */
export type NoteVersion = (
  server: ServerName,
  trouble: { readonly what: string; readonly roomId: string; readonly version: string | null },
) => void;
