import { getObject, getString, type JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import type { PushEvents } from '../push/ports.ts';
import { clientEvents } from '../rooms/client-event.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import { OUTLIER, type Room, type StoredEvent } from '../rooms/room.ts';
import { strippedState } from '../rooms/stripped-state.ts';
import { visibleEvents } from '../rooms/visibility.ts';

/** Reads the events of notifications through the eyes of the user who was notified. */
export function pushEvents(rooms: RoomsParts): PushEvents {
  const seen = async (db: Queryable, userNid: number, eventNid: number) => {
    const stored = await rooms.events.byNid(db, eventNid);
    const room =
      stored === undefined ? undefined : (await rooms.rooms.byNids(db, [stored.roomNid])).get(stored.roomNid);
    const userId = (await rooms.nids.users.names(db, [userNid])).get(userNid);
    if (stored === undefined || room === undefined || userId === undefined) return undefined;
    const viewer = { userId, userNid };
    const [visible] = await visibleEvents(rooms, db, room, viewer, [stored]);
    return visible === undefined ? undefined : { visible, room, viewer };
  };
  return {
    async forGateway(db, userNid, _roomNid, eventNid) {
      const found = await seen(db, userNid, eventNid);
      if (found === undefined) return undefined;
      const { event } = found.visible.stored;
      const contentOf = contents(rooms, db, found.room, found.visible.stored);
      const text = async (type: string, field: string, key = '') =>
        getString((await contentOf(type, key)) ?? {}, field);
      return {
        eventId: event.id,
        roomId: event.roomId,
        type: event.type,
        sender: event.sender,
        content: event.content,
        stateKey: event.stateKey,
        senderDisplayName: await text('m.room.member', 'displayname', event.sender),
        roomName: await text('m.room.name', 'name'),
        roomAlias: await text('m.room.canonical_alias', 'alias'),
      };
    },
    async forClient(db, userNid, eventNids) {
      const out = new Map();
      for (const nid of eventNids) {
        const found = await seen(db, userNid, nid);
        if (found === undefined) continue;
        const view = { ...found.viewer, deviceId: undefined };
        const [event] = await clientEvents(rooms, db, found.room, view, [found.visible], { withoutRoomId: true });
        if (event !== undefined) out.set(nid, { roomId: found.room.roomId, event });
      }
      return out;
    },
  };
}

/** The state of a room at an event; of an invite to a room that we are not in, what came with it. */
function contents(rooms: RoomsParts, db: Queryable, room: Room, stored: StoredEvent) {
  const told = (stored.flags & OUTLIER) === 0 ? undefined : strippedState(rooms, db, room, stored);
  return async (type: string, key: string): Promise<JsonObject | undefined> => {
    if (told === undefined) return (await rooms.state.event(db, room, stored.roomRoot, type, key))?.content;
    const found = (await told).find(event => event.type === type && event.state_key === key);
    return getObject(found ?? {}, 'content');
  };
}
