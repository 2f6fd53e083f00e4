import { isRoomId, type RoomId, type ServerName } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { notFound } from '../../core/matrix-error.ts';
import type { Queryable } from '../../db/database.ts';
import { isResident } from '../../rooms/current-membership.ts';
import { spaceChildren } from '../../rooms/hierarchy.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { RoomSummary } from '../../rooms/ports.ts';
import type { Room } from '../../rooms/room.ts';
import { roomSummary } from '../../rooms/room-summary.ts';
import { Visitor } from './visitor.ts';

export interface HierarchyAsked {
  readonly origin: ServerName;
  readonly roomId: string;
  readonly suggestedOnly: boolean;
}

/** Each is read from the state of its room. Of the others only the events are told; the asker asks for the rooms. */
const MOST_CHILDREN = 100;

/**
 * A room and the rooms right below it, as far as the asking server has a way into them (server-server API,
 * `GET /hierarchy/{roomId}`). @throws MatrixError M_NOT_FOUND for rooms that it has none into, or that we are not in
 */
export async function hierarchyAnswer(parts: RoomsParts, db: Queryable, asked: HierarchyAsked): Promise<JsonObject> {
  const visitor = await Visitor.of(parts, db, asked.origin);
  const found = await look(parts, db, asked.roomId);
  if (found === undefined || !(await visitor.mayKnow(found.room, found.summary)))
    throw notFound('There is no such room here, or your server has no way into it.');
  const events = await eventsOf(parts, db, found, asked.suggestedOnly);
  const children: JsonObject[] = [];
  const inaccessible: RoomId[] = [];
  for (const { roomId } of events.slice(0, MOST_CHILDREN)) {
    const child = await look(parts, db, roomId);
    // What we do not know ourselves is in neither list: another server may know it.
    if (child === undefined) continue;
    if (await visitor.mayKnow(child.room, child.summary)) children.push(child.summary.chunk);
    else inaccessible.push(roomId);
  }
  const room = { ...found.summary.chunk, children_state: events.map(({ event }) => event) };
  return { room, children, inaccessible_children: inaccessible };
}

interface Looked {
  readonly room: Room;
  readonly summary: RoomSummary;
}

/** A room that we are in. */
async function look(parts: RoomsParts, db: Queryable, roomId: string): Promise<Looked | undefined> {
  const room = isRoomId(roomId) ? await parts.rooms.find(db, roomId) : undefined;
  if (room === undefined || !(await isResident(parts, db, room))) return undefined;
  const summary = await roomSummary(parts, db, room);
  return summary && { room, summary };
}

async function eventsOf(parts: RoomsParts, db: Queryable, { room, summary }: Looked, suggestedOnly: boolean) {
  if (!summary.isSpace) return [];
  const children = await spaceChildren(parts, db, room);
  return children.filter(({ suggested }) => suggested || !suggestedOnly);
}
