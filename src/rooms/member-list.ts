import type { UserId } from '../core/ids.ts';
import { getString, type JsonObject } from '../core/json.ts';
import { forbidden } from '../core/matrix-error.ts';
import type { Queryable } from '../db/database.ts';
import { clientEvents } from './client-event.ts';
import type { ClientView } from './event-format.ts';
import { timelineBackward, timelineForward } from './events.table.ts';
import { parseRoomToken } from './log-token.ts';
import { membersOf } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import { isMembership, MEMBERSHIPS, type Membership, type Room, type StoredEvent } from './room.ts';
import type { ReadableRoom } from './room-access.ts';
import { unseen } from './sender-members.ts';
import { visibleEvents } from './visibility.ts';

export interface MembersQuery {
  /** A token: the members as of then. */
  readonly at: string | undefined;
  readonly membership: Membership | undefined;
  readonly notMembership: Membership | undefined;
}

const BATCH = 50;
/** Of a longer list the rest is read past the cache. */
const MOST_KEPT = 500;
const LIST_FORMAT = { withoutBundle: true, withoutPrevious: true };

/**
 * The membership events of a room, to be read piece by piece (client-server API, `GET /rooms/{roomId}/members`): those
 * of today for members, of their last day for those who left.
 *
 * @throws MatrixError M_INVALID_PARAM for `at`, M_FORBIDDEN when the viewer may not see the room as it was then
 */
export async function memberEvents(
  parts: RoomsParts,
  db: Queryable,
  readable: ReadableRoom,
  view: ClientView,
  query: MembersQuery,
): Promise<AsyncIterable<JsonObject>> {
  const { room } = readable;
  const wanted = wantedMemberships(query);
  const isNow = query.at === undefined && readable.readable.upTo === Number.MAX_SAFE_INTEGER;
  // The table of members knows today's by membership: a room that thousands have left is not read for its ten members.
  const batches =
    isNow && wanted.size < Object.keys(MEMBERSHIPS).length
      ? listedMembers(parts, db, room, wanted)
      : parts.state.batches(db, room, await rootAt(parts, db, readable, view, query.at), { onlyMembers: true });
  return shown(batches, wanted, stored => clientEvents(parts, db, room, view, unseen(stored), LIST_FORMAT));
}

async function* shown(
  batches: AsyncIterable<readonly StoredEvent[]>,
  wanted: ReadonlySet<Membership>,
  format: (stored: StoredEvent[]) => Promise<JsonObject[]>,
): AsyncIterableIterator<JsonObject> {
  for await (const batch of batches) {
    const fitting = batch.filter(({ event }) => {
      const membership = getString(event.content, 'membership');
      return isMembership(membership) && wanted.has(membership);
    });
    yield* await format(fitting);
  }
}

/** Both conditions together ask for what fulfils either of them. */
function wantedMemberships({ membership, notMembership }: MembersQuery): ReadonlySet<Membership> {
  const all = Object.keys(MEMBERSHIPS) as Membership[];
  if (membership === undefined && notMembership === undefined) return new Set(all);
  return new Set(all.filter(one => one === membership || (notMembership !== undefined && one !== notMembership)));
}

/** The state at a token, provided that the viewer may see the last event before it. */
async function rootAt(
  parts: RoomsParts,
  db: Queryable,
  { room, readable }: ReadableRoom,
  { userId, userNid }: ClientView,
  at: string | undefined,
): Promise<number> {
  if (at === undefined) return readable.root;
  const upTo = parseRoomToken(at, room.shard);
  if (upTo >= readable.upTo) return readable.root;
  const [row] = await timelineBackward(db, room.nid, { after: Number.MIN_SAFE_INTEGER, upTo }, 1);
  const nid = row?.nid ?? (await firstMember(db, room, upTo));
  const stored = nid === undefined ? undefined : await parts.events.byNid(db, nid);
  const [seen] = stored === undefined ? [] : await visibleEvents(parts, db, room, { userId, userNid }, [stored]);
  if (seen === undefined) throw forbidden('You may not see the room as it was then.');
  return seen.stored.roomRoot;
}

/**
 * Before its first event a room has no members, but that is a place that clients are given (`prev_batch` of a young
 * room): there it is answered as of its second event, the joining of its creator (Complement: TestGetRoomMembersAtPoint).
 */
async function firstMember(db: Queryable, room: Room, after: number): Promise<number | undefined> {
  const first = await timelineForward(db, room.nid, { after, upTo: Number.MAX_SAFE_INTEGER }, 2);
  return first.at(-1)?.nid;
}

async function* listedMembers(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  wanted: ReadonlySet<Membership>,
): AsyncIterableIterator<StoredEvent[]> {
  const codes = [...wanted].map(membership => MEMBERSHIPS[membership]);
  const nids = (await membersOf(db, room.nid, codes)).map(row => row.event_nid);
  for (let at = 0; at < nids.length; at += BATCH) {
    const batch = nids.slice(at, at + BATCH);
    const events = await parts.events.byNids(db, batch, at < MOST_KEPT);
    yield batch.flatMap(nid => events.get(nid) ?? []);
  }
}

export interface JoinedMember {
  readonly userId: UserId;
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
}

/** Who is joined to a room, with name and picture as they are there. */
export async function* joinedMembers(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
): AsyncIterableIterator<JoinedMember> {
  const rows = await membersOf(db, room.nid, [MEMBERSHIPS.join]);
  for (let at = 0; at < rows.length; at += BATCH) {
    const batch = rows.slice(at, at + BATCH);
    const names = await parts.nids.users.names(
      db,
      batch.map(row => row.user_nid),
    );
    for (const row of batch) {
      const userId = names.get(row.user_nid);
      if (userId !== undefined) yield { userId, displayName: row.display_name, avatarUrl: row.avatar_url };
    }
  }
}
