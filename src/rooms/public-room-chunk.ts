import type { Event } from '../core/event.ts';
import { getString, type JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import { plainTopic } from './plain-topic.ts';
import type { Room } from './room.ts';

/** A room's figures and the root of the state that it is described by. */
export interface RoomFigures {
  readonly room: Room;
  readonly root: number;
  readonly joined: number;
}

/** What everybody may know of a room in the directory, an entry of `PublishedRoomsChunk`. */
export interface PublicRoom {
  readonly figures: RoomFigures;
  readonly chunk: JsonObject;
  readonly joinRule: string;
  readonly worldReadable: boolean;
  readonly roomType: string | undefined;
}

const TYPES = [
  'm.room.create',
  'm.room.name',
  'm.room.topic',
  'm.room.canonical_alias',
  'm.room.avatar',
  'm.room.join_rules',
  'm.room.guest_access',
  'm.room.history_visibility',
] as const;
type Described = (typeof TYPES)[number];

/** Describes rooms: the state of all of them is read in one go. */
export async function describeRooms(
  parts: RoomsParts,
  db: Queryable,
  rooms: readonly RoomFigures[],
): Promise<PublicRoom[]> {
  const keys = await parts.state.keys(
    db,
    TYPES.map(type => [type, ''] as const),
  );
  const asked = rooms.flatMap(figures =>
    keys.flatMap(key => (key === undefined ? [] : [{ roomNid: figures.room.nid, root: figures.root, key }])),
  );
  const nids = await parts.trees.lookup(db, asked);
  const events = await parts.events.byNids(
    db,
    nids.filter(nid => nid !== undefined),
  );
  const byRoom = Map.groupBy(events.values(), stored => stored.roomNid);
  return rooms.map(figures => {
    const state = new Map((byRoom.get(figures.room.nid) ?? []).map(({ event }) => [event.type, event]));
    return describe(figures, state);
  });
}

function describe(figures: RoomFigures, state: ReadonlyMap<string, Event>): PublicRoom {
  const text = (type: Described, key: string) => {
    const content = state.get(type)?.content;
    return content === undefined ? undefined : getString(content, key);
  };
  const joinRule = text('m.room.join_rules', 'join_rule') ?? 'invite';
  const worldReadable = text('m.room.history_visibility', 'history_visibility') === 'world_readable';
  const roomType = text('m.room.create', 'type');
  const chunk: JsonObject = {
    room_id: figures.room.roomId,
    num_joined_members: figures.joined,
    world_readable: worldReadable,
    guest_can_join: text('m.room.guest_access', 'guest_access') === 'can_join',
    join_rule: joinRule,
  };
  const topic = state.get('m.room.topic')?.content;
  const optional = {
    name: text('m.room.name', 'name'),
    topic: topic && plainTopic(topic),
    canonical_alias: text('m.room.canonical_alias', 'alias'),
    avatar_url: text('m.room.avatar', 'url'),
    room_type: roomType,
  };
  for (const [key, value] of Object.entries(optional)) if (value !== undefined && value !== '') chunk[key] = value;
  return { figures, chunk, joinRule, worldReadable, roomType };
}
