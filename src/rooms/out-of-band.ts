import type { Event } from '../core/event.ts';
import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Tx } from '../db/database.ts';
import { getMember } from './members.table.ts';
import { writePlaceless } from './new-events.ts';
import { setOutOfBandState } from './out-of-band.table.ts';
import type { RoomsParts } from './parts.ts';
import { OUTLIER, type Room, type StoredEvent } from './room.ts';
import { LOG_EVENT, takeLogPos, writeLog } from './room-log.table.ts';
import { lockRoom } from './rooms.table.ts';
import { applyMembers } from './state-change.ts';

/**
 * Stores a membership of one of our users in a room that we are not in: an invite, a knock, and what ends them. It has
 * no place in the room, since we know nothing of it; the user's sync tells of it, with the stripped state that came
 * along. Whoever calls has checked that it is what it says, signatures and all.
 */
export async function storeOutOfBand(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  event: Event,
  strippedState: readonly JsonObject[],
): Promise<StoredEvent & { readonly pos: number }> {
  await lockRoom(tx, room.nid);
  const user = event.stateKey as UserId;
  const userNid = await parts.nids.users.internOne(tx, user);
  const before = await getMember(tx, room.nid, userNid);
  const known = await parts.events.byId(tx, event.id);
  const replacesNid = known?.replacesNid ?? before?.event_nid;
  const pos = await takeLogPos(tx, room.shard);
  const nid =
    known?.nid ?? (await writePlaceless(parts, tx, room, [{ event, flags: OUTLIER, replacesNid }])).get(event.id)!;
  const stored = {
    nid,
    roomNid: room.nid,
    pos,
    flags: OUTLIER,
    stateBefore: 0,
    stateAfter: 0,
    roomRoot: 0,
    replacesNid,
    event,
  };
  await writeLog(tx, parts.bus, { shard: room.shard, pos, room_nid: room.nid, kind: LOG_EVENT, ref: nid });
  await setOutOfBandState(tx, room.nid, userNid, JSON.stringify(strippedState));
  await applyMembers(parts, tx, room, [{ user, event: stored }], pos);
  await parts.notifications.eventAccepted(tx, room, stored);
  return stored;
}
