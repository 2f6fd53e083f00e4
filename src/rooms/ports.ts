import type { EventId, RoomAlias, RoomId, ServerName } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Queryable, Tx } from '../db/database.ts';
import type { Room, StoredEvent } from './room.ts';

/** What this part needs from parts above it; `main/compose.ts` hands it over. */

/** Decides whom an event notifies and writes the rows (fulfilled by `push/`). Runs in the event's own transaction. */
export interface NotificationWriter {
  eventAccepted(tx: Tx, room: Room, stored: StoredEvent & { readonly pos: number }): Promise<void>;
}

export const noNotifications: NotificationWriter = { eventAccepted: async () => undefined };

/** Asks other servers about their directories (fulfilled by `federation/`); absent while there is none. */
export interface RemoteDirectory {
  /** Undefined when the server does not know the alias. */
  resolveAlias(alias: RoomAlias): Promise<{ roomId: RoomId; servers: readonly string[] } | undefined>;
  /** The answer of the other server to the body of `POST /publicRooms`, checked and without what does not belong. */
  publicRooms(server: ServerName, body: JsonObject): Promise<JsonObject>;
}

/** What follows from reading (fulfilled by `push/` and `accounts/`). All of it runs in the receipt's transaction. */
export interface ReadListener {
  /** The user has read a room up to `pos`: in one thread (`main` or the root's ID), or in all with `undefined`. */
  readUpTo(tx: Tx, userNid: number, roomNid: number, thread: string | undefined, pos: number): Promise<void>;
  /** The event at the user's fully-read marker (`m.fully_read` of the room's account data). */
  fullyRead(db: Queryable, userNid: number, roomId: RoomId): Promise<EventId | undefined>;
  setFullyRead(tx: Tx, userNid: number, roomId: RoomId, eventId: EventId): Promise<void>;
}
