import type { Event } from '../../core/event.ts';
import type { RemoteMemberships } from '../../rooms/ports.ts';
import { remoteError } from './remote-error.ts';
import { type SendInviteParts, sendInvite } from './send-invite.ts';

export type FederatedMembershipsParts = SendInviteParts;

/** Memberships that need other servers, by the server-server API. */
export class FederatedMemberships implements RemoteMemberships {
  readonly #parts: FederatedMembershipsParts;

  constructor(parts: FederatedMembershipsParts) {
    this.#parts = parts;
  }

  async invite(invite: Event, told: readonly Event[]): Promise<Event> {
    try {
      return await sendInvite(this.#parts, invite, told);
    } catch (error) {
      throw remoteError(error) ?? error;
    }
  }
}
