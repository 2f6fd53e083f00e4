import type { UserId } from '../../core/ids.ts';

/** What EDUs are told to that lives in parts above this one; `main/` hands it over. */

/** Who types where (fulfilled by `sync/`). */
export interface TypingBoard {
  set(roomNid: number, userId: UserId, timeoutMs: number): void;
  stop(roomNid: number, userId: UserId): void;
}

/** How a user of another server is, as that server says. */
export interface ToldPresence {
  readonly presence: 'online' | 'unavailable' | 'offline';
  /** When the user last did something, in milliseconds since the epoch. */
  readonly lastActive: number;
  readonly statusMsg: string | undefined;
  readonly currentlyActive: boolean;
}

/** Who is online (fulfilled by `sync/`). */
export interface PresenceBoard {
  hear(userNid: number, told: ToldPresence): void;
}
