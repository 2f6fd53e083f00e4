import type { ServerName } from '../../../core/ids.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Room } from '../../../rooms/room.ts';
import { roomsSharedWith } from '../doctor.table.ts';

export interface SharedRooms {
  /** The number of the other server. */
  readonly theirs: number;
  readonly rooms: readonly Room[];
}

/** Rooms that we are in together with a server, so many at the most; undefined where nobody here has heard of it. */
export async function sharedRooms(
  { db, nids, rooms, serverName }: RoomsParts,
  server: ServerName,
  most: number,
): Promise<SharedRooms | undefined> {
  const [theirs, own] = [await nids.domains.findOne(db, server), await nids.domains.findOne(db, serverName)];
  if (theirs === undefined || own === undefined) return undefined;
  const shared = await roomsSharedWith(db, theirs, own, most);
  const found = await rooms.byNids(
    db,
    shared.map(each => each.room_nid),
  );
  return { theirs, rooms: shared.flatMap(each => found.get(each.room_nid) ?? []) };
}
