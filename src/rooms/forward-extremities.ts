import type { Queryable } from '../db/database.ts';
import { extremities, removeExtremities } from './extremities.table.ts';
import type { RoomsParts } from './parts.ts';
import type { Room, StoredEvent } from './room.ts';
import { lockRoom, setRoomState } from './rooms.table.ts';
import { stateChanged } from './state-change.ts';
import { writeRoom } from './write-room.ts';

/** The events of a room that nothing builds on yet, newest first. */
export async function forwardExtremities(parts: RoomsParts, db: Queryable, room: Room): Promise<StoredEvent[]> {
  const nids = await extremities(db, room.nid);
  const events = await parts.events.byNids(db, nids);
  return nids.flatMap(nid => events.get(nid) ?? []);
}

/**
 * Lets the room go on from its newest extremity alone. What the others said is no part of the room's state any more
 * until a server that still builds on them sends something: to be used by hand, where hundreds of them weigh a room down.
 */
export function dropForwardExtremities(parts: RoomsParts, room: Room): Promise<number> {
  return writeRoom(parts, room, async tx => {
    const { state_root: oldRoot } = await lockRoom(tx, room.nid);
    const [kept, ...others] = await forwardExtremities(parts, tx, room);
    if (kept?.pos === undefined || others.length === 0) return 0;
    await removeExtremities(
      tx,
      room.nid,
      others.map(({ nid }) => nid),
    );
    if (kept.stateAfter !== oldRoot) {
      await setRoomState(tx, room.nid, kept.stateAfter);
      await stateChanged(parts, tx, room, oldRoot, { ...kept, pos: kept.pos, roomRoot: kept.stateAfter });
    }
    return others.length;
  });
}
