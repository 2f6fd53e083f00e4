import type { Requester } from '../../accounts/requester.ts';
import type { ClientView } from '../../rooms/event-format.ts';

/** The eyes of an administrator, who looks into any room. */
export function adminView({ userId, userNid }: Requester): ClientView {
  return { userId, userNid, deviceId: undefined, seesAll: true };
}
