import type { Requester } from '../accounts/requester.ts';
import { Budget } from '../base/budget.ts';
import { parseLogToken } from '../rooms/log-token.ts';
import { type MemberRow, roomsOfUser } from '../rooms/members.table.ts';
import { membershipName, type Room, type StoredEvent } from '../rooms/room.ts';
import { MEMBER_TYPE_NID, typeOf } from '../rooms/state-tree/tree-key.ts';
import { type DeviceListChanges, deviceListChanges } from './device-lists.ts';
import { RoomReads } from './room-reads.ts';
import { knowsMembers, wasJoined } from './rooms-section.ts';
import { type LogWindow, roomStretch, stretch } from './window.ts';

/** What one request reads more than once. Its tokens may be made up, so that nothing is kept for others. */
const SCRATCH_BYTES = 128 * 1024;

/** `GET /keys/changes`: whose device lists changed between two sync tokens. @throws MatrixError M_INVALID_PARAM */
export async function deviceListsBetween(
  base: Pick<LogWindow, 'parts' | 'sources' | 'typing'>,
  user: Requester,
  from: string,
  to: string,
): Promise<DeviceListChanges> {
  const window: LogWindow = {
    ...base,
    reads: new RoomReads(new Budget(SCRATCH_BYTES)),
    view: { userId: user.userId, userNid: user.userNid, deviceId: user.deviceId },
    since: parseLogToken(from),
    now: parseLogToken(to),
    ignored: new Set(),
  };
  return deviceListsOf(window, await roomsOfUser(base.parts.db, user.userNid));
}

/** Whose device lists changed in a stretch of the logs. `rows`: at least the user's rooms with entries in it. */
export async function deviceListsOf(window: LogWindow, rows: readonly MemberRow[]): Promise<DeviceListChanges> {
  const { db, rooms } = window.parts;
  const kept: { room: Room; members: StoredEvent[] }[] = [];
  const joined: Room[] = [];
  const left: Room[] = [];
  const known = await rooms.byNids(
    db,
    rows.map(row => row.room_nid),
  );
  for (const row of rows) {
    const room = known.get(row.room_nid);
    if (room === undefined) continue;
    const { after } = stretch(window, room.shard);
    const isIn = membershipName(row.membership) === 'join';
    const had = row.pos > after ? await wasJoined(window, room, after) : isIn;
    if (!isIn) {
      if (had) left.push(room);
    } else if (had && !(await knowsMembers(window, room))) {
      kept.push({ room, members: await membersBetween(window, room) });
    } else {
      joined.push(room);
    }
  }
  return deviceListChanges(window, { kept, joined, left });
}

/** The memberships that changed. What the syncs of a room's members have in common is read once for them. */
async function membersBetween({ parts, reads, since, now }: LogWindow, room: Room): Promise<StoredEvent[]> {
  const { db, trees, events } = parts;
  const place = roomStretch({ since, now }, room);
  const [from, to] = [await reads.rootAt(db, place, 'after'), await reads.rootAt(db, place, 'upTo')];
  if (from === to) return [];
  const differences = await trees.diff(db, room.nid, from, to);
  const nids = differences.filter(({ key }) => typeOf(key) === MEMBER_TYPE_NID).flatMap(({ after: nid }) => nid ?? []);
  return [...(await events.byNids(db, nids)).values()];
}
