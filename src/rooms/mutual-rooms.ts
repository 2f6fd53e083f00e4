import { isUserId, type RoomId, type UserId } from '../core/ids.ts';
import { invalidParam } from '../core/matrix-error.ts';
import type { Queryable } from '../db/database.ts';
import { countMutualRooms, mutualRoomNids } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import type { Viewer } from './visibility.ts';

export interface MutualRoomsQuery {
  /** The other user, as the client gave it. */
  readonly other: string;
  /** `next` of the page before. */
  readonly from: string | undefined;
  readonly limit: number;
}

export interface MutualRooms {
  readonly rooms: readonly RoomId[];
  readonly count: number;
  readonly next: string | undefined;
}

/**
 * The rooms that two users are joined to, page by page (client-server API, "Mutual rooms").
 *
 * @throws MatrixError M_INVALID_PARAM for oneself, for what is no user ID, and for the token
 */
export async function mutualRooms(
  parts: RoomsParts,
  db: Queryable,
  viewer: Viewer,
  { other, from, limit }: MutualRoomsQuery,
): Promise<MutualRooms> {
  if (!isUserId(other)) throw invalidParam('That is not a user ID.');
  if (other === viewer.userId) throw invalidParam('All your rooms are rooms that you share with yourself.');
  const after = from === undefined ? 0 : parsePlace(from);
  const otherNid = await parts.nids.users.findOne(db, other as UserId);
  if (otherNid === undefined) return { rooms: [], count: 0, next: undefined };
  const nids = await mutualRoomNids(db, viewer.userNid, otherNid, after, limit + 1);
  const shown = nids.slice(0, limit);
  const rooms = await parts.rooms.byNids(db, shown);
  const last = shown.at(-1);
  return {
    rooms: shown.flatMap(nid => rooms.get(nid)?.roomId ?? []),
    count: await countMutualRooms(db, viewer.userNid, otherNid),
    next: nids.length > limit && last !== undefined ? `m${last}` : undefined,
  };
}

function parsePlace(text: string): number {
  const [, nid] = /^m(\d{1,15})$/.exec(text) ?? [];
  if (nid === undefined) throw invalidParam('That is not a page of this list.');
  return Number(nid);
}
