import type { Log } from '../../base/log.ts';
import { without } from '../../core/hashes.ts';
import { domainOf, type ServerName } from '../../core/ids.ts';
import { type Database, DatabaseUnavailableError } from '../../db/database.ts';
import type { StoredEvent } from '../../rooms/room.ts';
import type { RoomStore } from '../../rooms/store.ts';
import type { ParcelEvent } from './parcel.ts';

export interface ReadEventsParts {
  readonly db: Database;
  readonly store: RoomStore;
  readonly log: Log;
}

/** Events for a server in the order in which they are named, without those that came from it. */
export async function readEvents(
  parts: ReadEventsParts,
  nids: readonly number[],
  server: ServerName,
): Promise<ParcelEvent[]> {
  const stored = await readThose(parts, nids);
  return nids.flatMap(nid => {
    const found = stored.get(nid);
    return found === undefined || domainOf(found.event.sender) === server ? [] : [parcelEvent(found)];
  });
}

/** An event that cannot be read any more is left out, so that it holds up no other. */
async function readThose(parts: ReadEventsParts, nids: readonly number[]): Promise<Map<number, StoredEvent>> {
  const { db, store, log } = parts;
  try {
    return await store.events.byNids(db, nids);
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) throw error;
    const [nid] = nids;
    if (nids.length > 1)
      return new Map((await Promise.all(nids.map(one => readThose(parts, [one])))).flatMap(map => [...map]));
    log.error('An event that is to be sent cannot be read; it is left out.', { err: error, nid });
    return new Map();
  }
}

function parcelEvent({ roomNid, event }: StoredEvent): ParcelEvent {
  const pdu = Object.hasOwn(event.pdu, 'unsigned') ? without(event.pdu, ['unsigned']) : event.pdu;
  return { id: event.id, roomNid, pdu };
}
