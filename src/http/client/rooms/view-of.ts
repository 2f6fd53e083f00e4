import type { Requester } from '../../../accounts/requester.ts';
import type { ClientView } from '../../../rooms/event-format.ts';
import type { RoomRouteParts } from './room-route-parts.ts';

/** The eyes with which a requester looks at events. */
export async function viewOf(parts: Pick<RoomRouteParts, 'ignoredUsers'>, user: Requester): Promise<ClientView> {
  const { userId, userNid, deviceId } = user;
  return { userId, userNid, deviceId, ignored: await parts.ignoredUsers(userNid) };
}
