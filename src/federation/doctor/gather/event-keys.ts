import type { Event } from '../../../core/event.ts';
import type { ServerKeys } from '../../../core/server-keys.ts';
import { signingKeyIds, verifyEventSignature } from '../../../core/signatures.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { roomsOfServer } from '../../../rooms/room-domains.table.ts';
import { ownEventsAtEnds } from '../doctor.table.ts';
import type { OwnFacts } from '../facts.ts';

/** Rooms, and events of ours at each end of them: a key that was changed shows at one of the two. */
const MOST_ROOMS = 60;
const EACH = 2;

type EventKey = OwnFacts['eventKeys'][number];

/** Which keys our own stored events are signed with, and whether what we publish fits them. */
export async function gatherEventKeys(rooms: RoomsParts, published: ServerKeys): Promise<EventKey[]> {
  const found = new Map<string, EventKey>();
  for await (const event of ownEvents(rooms)) note(found, rooms, published, event);
  return [...found.values()];
}

/** Some of our own events: the first and the last of some rooms. */
export async function* ownEvents(rooms: RoomsParts): AsyncGenerator<Event> {
  const own = await rooms.nids.domains.findOne(rooms.db, rooms.serverName);
  const roomNids = own === undefined ? [] : (await roomsOfServer(rooms.db, own)).slice(0, MOST_ROOMS);
  for (const roomNid of roomNids) {
    const nids = await ownEventsAtEnds(rooms.db, roomNid, EACH);
    for (const { event } of (await rooms.events.byNids(rooms.db, nids)).values()) yield event;
  }
}

/** The keys that an event of ours is signed with, and whether one that we publish fits; null where we publish none. */
export function keysOn(event: Event, { serverName, crypto }: RoomsParts, published: ServerKeys) {
  return signingKeyIds(event.pdu, serverName).map(id => {
    const key = published.get(id);
    return { id, fits: key === undefined ? null : verifyEventSignature(event, serverName, id, key.publicKey, crypto) };
  });
}

function note(found: Map<string, EventKey>, rooms: RoomsParts, published: ServerKeys, event: Event): void {
  const keys = keysOn(event, rooms, published);
  // One signature that others can check is enough.
  const good = keys.filter(({ fits }) => fits === true);
  for (const { id, fits } of good.length > 0 ? good : keys) {
    const known = found.get(id);
    found.set(id, {
      id,
      events: (known?.events ?? 0) + 1,
      newestAt: Math.max(known?.newestAt ?? 0, event.ts),
      isPublished: fits !== null,
      // One that does not fit is enough.
      holds: known?.holds === false ? false : fits,
    });
  }
}
