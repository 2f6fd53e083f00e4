import type { UserId } from '../core/ids.ts';
import { getString } from '../core/json.ts';
import { isMembership, type Membership, type StoredEvent } from './room.ts';

export interface Viewer {
  readonly userId: UserId;
  readonly userNid: number;
  /** Whose messages the viewer does not want to see (client-server API, "Ignoring Users"). */
  readonly ignored?: ReadonlySet<string> | undefined;
  /** For whom history visibility is no bar: an administrator of the server who looks into a room, and appservices. */
  readonly seesAll?: boolean;
}

/** An event that the viewer may see, with the viewer's membership at the time (`unsigned.membership`). */
export interface SeenEvent {
  readonly stored: StoredEvent;
  /** Undefined where it is not asked for: in lists of state. */
  readonly membership: Membership | undefined;
}

/** What a membership event says, or its absence. */
export function membershipOf(stored: StoredEvent | undefined): Membership {
  const text = stored === undefined ? undefined : getString(stored.event.content, 'membership');
  return isMembership(text) ? text : 'leave';
}
