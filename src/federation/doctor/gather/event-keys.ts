import type { ServerKeys } from '../../../core/server-keys.ts';
import { signingKeyIds, verifyEventSignature } from '../../../core/signatures.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { StoredEvent } from '../../../rooms/room.ts';
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
  const own = await rooms.nids.domains.findOne(rooms.db, rooms.serverName);
  const roomNids = own === undefined ? [] : (await roomsOfServer(rooms.db, own)).slice(0, MOST_ROOMS);
  for (const roomNid of roomNids) {
    const nids = await ownEventsAtEnds(rooms.db, roomNid, EACH);
    for (const stored of (await rooms.events.byNids(rooms.db, nids)).values()) note(found, rooms, published, stored);
  }
  return [...found.values()];
}

function note(found: Map<string, EventKey>, rooms: RoomsParts, published: ServerKeys, { event }: StoredEvent): void {
  for (const id of signingKeyIds(event.pdu, rooms.serverName)) {
    const key = published.get(id);
    const fits =
      key === undefined ? null : verifyEventSignature(event, rooms.serverName, id, key.publicKey, rooms.crypto);
    const known = found.get(id);
    found.set(id, {
      id,
      events: (known?.events ?? 0) + 1,
      newestAt: Math.max(known?.newestAt ?? 0, event.ts),
      isPublished: key !== undefined,
      // One that does not fit is enough.
      holds: known?.holds === false ? false : fits,
    });
  }
}
