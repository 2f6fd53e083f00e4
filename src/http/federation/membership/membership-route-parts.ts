import type { CheckedEvents } from '../../../federation/events/checked-events.ts';
import type { BoundInviteParts } from '../../../federation/membership/bound-invites.ts';
import type { InviteGuard, NoteVersion } from '../../../federation/membership/ports.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { RemoteMemberships } from '../../../rooms/ports.ts';

/** What the endpoints work with by which other servers bring their users into and out of our rooms. */
export interface MembershipRouteParts {
  readonly rooms: RoomsParts;
  readonly checked: CheckedEvents;
  readonly guard: InviteGuard;
  readonly noteVersion?: NoteVersion;
  readonly memberships: RemoteMemberships;
  readonly exchange: BoundInviteParts['exchange'];
}
