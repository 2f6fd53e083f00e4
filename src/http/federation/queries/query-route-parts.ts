import type { Accounts } from '../../../accounts/accounts.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';

/** What the endpoints work with at which other servers ask for information. */
export interface QueryRouteParts {
  readonly rooms: RoomsParts;
  readonly accounts: Pick<Accounts, 'profiles' | 'openId'>;
  /** Whether other servers are told of profiles. */
  readonly sharesProfiles: boolean;
  /** Whether other servers are told which rooms are listed. */
  readonly sharesDirectory: boolean;
}
