import type { Event } from '../../core/event.ts';
import type { ServerName } from '../../core/ids.ts';
import type { Room } from '../../rooms/room.ts';
import { edgeOf, fetchEach } from './between.ts';
import type { ToldStateParts } from './told-state.ts';

/** Events that are fetched one by one on the way back; a way that is longer is for somebody who has more of it. */
const MOST_WALKED = 100;

/**
 * What lies between an event and what is here, fetched one by one (`GET /event`), each from the first of some servers that
 * gives it: for a server that has an event without its place in the room, and so can tell neither the state before it nor
 * what it builds on. Undefined where the way does not come to what is here.
 */
export async function walkedBack(
  parts: ToldStateParts,
  room: Room,
  event: Event,
  servers: readonly ServerName[],
): Promise<readonly Event[] | undefined> {
  const found: Event[] = [];
  for (;;) {
    const { missing } = await edgeOf(parts, room, [...found, event]);
    if (missing.length === 0) return found;
    if (found.length + missing.length > MOST_WALKED) return undefined;
    const left = new Set(missing);
    for (const server of servers) {
      const got = left.size === 0 ? [] : await fetchEach(parts, room, [...left], server);
      for (const each of got) left.delete(each.id);
      found.push(...got);
    }
    if (left.size > 0) return undefined;
  }
}
