import type { ServerName, UserId } from '../../../core/ids.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { localMembers } from '../../../rooms/make-room-admin.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Room } from '../../../rooms/room.ts';
import { sendEvent } from '../../../rooms/send.ts';
import { MANY_ENDS } from '../checks/d28-extremities.ts';
import { endsOf } from '../doctor.table.ts';
import { countText } from '../words.ts';
import { sharedRooms } from './shared-rooms.ts';

/** Clients show nothing of it; Synapse does the same. */
const TYPE = 'org.matrix.dummy_event';
const MOST_ROOMS = 50;
/** An event joins twenty ends. */
const MOST_EVENTS = 20;
/** Some may not send anything. */
const MOST_SENDERS = 20;

/** Joins the ends of the rooms shared with a server that have many, by events of one of our users that nobody sees. */
export async function joinEnds(rooms: RoomsParts, server: ServerName, signal: AbortSignal): Promise<string[]> {
  const shared = await sharedRooms(rooms, server, MOST_ROOMS);
  if (shared === undefined) return ['we share no room with it'];
  const lines: string[] = [];
  for (const room of shared.rooms) {
    const { ends } = await endsOf(rooms.db, room.nid);
    if (ends <= MANY_ENDS || signal.aborted) continue;
    const left = await joinIn(rooms, room, ends);
    lines.push(
      left < ends
        ? `${room.roomId}: ${countText(ends, 'end')} joined, ${left} now`
        : `${room.roomId}: none of our users may send anything there`,
    );
  }
  return lines;
}

async function joinIn(rooms: RoomsParts, room: Room, before: number): Promise<number> {
  let ends = before;
  for (let sent = 0; ends > 1 && sent < MOST_EVENTS; sent++) {
    if (!(await sendOne(rooms, room))) return ends;
    ({ ends } = await endsOf(rooms.db, room.nid));
  }
  return ends;
}

/** By whoever may; false where nobody may. */
async function sendOne(rooms: RoomsParts, room: Room): Promise<boolean> {
  const users = await rooms.db.tx(tx => localMembers(rooms, tx, room));
  for (const sender of users.slice(0, MOST_SENDERS)) if (await sendAs(rooms, room, sender)) return true;
  return false;
}

async function sendAs(rooms: RoomsParts, room: Room, sender: UserId): Promise<boolean> {
  try {
    await sendEvent(rooms, room, { type: TYPE, sender, content: {} }, undefined);
    return true;
  } catch (error) {
    if (error instanceof MatrixError) return false;
    throw error;
  }
}
