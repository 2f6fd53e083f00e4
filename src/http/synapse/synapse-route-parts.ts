import type { Accounts } from '../../accounts/accounts.ts';
import type { Administration } from '../../administration/administration.ts';
import type { UserId } from '../../core/ids.ts';
import type { Media } from '../../media/media.ts';
import type { Pushers } from '../../push/pushers.ts';
import type { MemberProfile } from '../../rooms/member-content.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { RemoteDirectory } from '../../rooms/ports.ts';

/** What the endpoints for administrators work with. */
export interface SynapseRouteParts {
  readonly accounts: Accounts;
  readonly rooms: RoomsParts;
  readonly media: Media;
  readonly pushers: Pushers;
  readonly administration: Administration;
  /** What membership events say of a user. */
  readonly profileFor: (userId: UserId) => Promise<MemberProfile>;
  /** Absent without federation. */
  readonly remote?: RemoteDirectory | undefined;
  readonly version: string;
}
