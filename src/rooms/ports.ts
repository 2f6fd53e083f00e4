import type { Event } from '../core/event.ts';
import type { EventId, RoomAlias, RoomId, ServerName, UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Queryable, Tx } from '../db/database.ts';
import type { Room, StoredEvent } from './room.ts';

/** What this part needs from parts above it; `main/compose.ts` hands it over. */

/** Decides whom an event notifies and writes the rows (fulfilled by `push/`). Runs in the event's own transaction. */
export interface NotificationWriter {
  eventAccepted(tx: Tx, room: Room, stored: StoredEvent & { readonly pos: number }): Promise<void>;
}

export const noNotifications: NotificationWriter = { eventAccepted: async () => undefined };

/** Told when users or this server are not joined to a room any more (fulfilled by `federation/`). */
export interface DepartureListener {
  /** Some users, of whatever server. Runs in the transaction of the change. */
  left(tx: Tx, userNids: readonly number[]): Promise<void>;
  /** No user of this server is joined to the room any more. */
  roomLeft(tx: Tx, roomNid: number): Promise<void>;
}

/** Makes rooms for aliases that somebody asks for (fulfilled by `appservice/`). */
export interface AliasMaker {
  /** Asked about an alias of this server that names no room; whether it may name one now. */
  offerAlias(alias: RoomAlias): Promise<boolean>;
}

/** What users have set about invites (fulfilled by `accounts/`). */
export interface InvitePolicy {
  /** `ignore`: the inviter is told nothing, and the user neither. */
  decide(db: Queryable, userNid: number, sender: UserId): Promise<'allow' | 'ignore' | 'block'>;
}

/** What one of our users wants of a room that we are not in. */
export interface RemoteWish {
  readonly roomId: RoomId;
  /** Servers that may be in the room; others that we know of are asked too. */
  readonly via: readonly string[];
  readonly userId: UserId;
  /** Of the membership event. */
  readonly content: JsonObject;
}

/** Brings memberships to and from rooms through other servers (fulfilled by `federation/`); absent while there is none. */
export interface RemoteMemberships {
  /**
   * Comes into a room with one of our users, through the first server that helps. Joins of one room run one after the
   * other; who finds us in it by then (`here`) joins as in any room of ours. It goes on when nobody waits for it any
   * more. @throws MatrixError what the servers said
   */
  join(wish: RemoteWish): Promise<'joined' | 'here'>;
  /** Joins a room that we are in, by the word of another server whose users may let ours in. @throws MatrixError */
  joinByOthers(room: Room, wish: RemoteWish): Promise<void>;
  /** @throws MatrixError what the servers said */
  knock(wish: RemoteWish): Promise<void>;
  /** Declines an invite or takes back a knock: with the room where one of its servers helps, else for our user alone. */
  leave(wish: RemoteWish): Promise<void>;
  /**
   * The same invite with the signature of the invited user's server, which shows it to that user. `told` is what it may
   * say of the room. @throws MatrixError as the other server answered, M_UNKNOWN (502) when it cannot be reached
   */
  invite(invite: Event, told: readonly Event[]): Promise<Event>;
  /** How far the state of a room has come that goes on coming now, in words for people; undefined while nothing does. */
  progressOf(roomId: RoomId): string | undefined;
}

/** The policy server that a room uses (server-server API, "Policy Servers"). */
export interface RoomPolicy {
  readonly server: ServerName;
  /** Ed25519 as the room has it: what is no such key verifies nothing. */
  readonly publicKey: Uint8Array;
}

/** Has events signed by the policy server of their room (fulfilled by `federation/`); absent while there is none. */
export interface PolicySigner {
  /** The same event with its signature, which is valid. @throws MatrixError as that server refused, or was not there */
  sign(event: Event, policy: RoomPolicy): Promise<Event>;
}

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

/** What is told of a room to those who may look at it from outside, with what decides who may. */
export interface RoomSummary {
  readonly roomId: RoomId;
  /** `RoomSummary` of the client-server API, without `membership` and `children_state`. */
  readonly chunk: JsonObject;
  readonly joinRule: string;
  readonly worldReadable: boolean;
  /** The rooms whose members may join a restricted room. */
  readonly allowed: readonly RoomId[];
  readonly isSpace: boolean;
}

export interface RemoteSummary {
  readonly summary: RoomSummary;
  /** In their order; empty where the room is no space. */
  readonly children: readonly SpaceChild[];
  /**
   * What the server that answered says of the children beside: undefined for those that ours has no way into. It is told
   * for this space alone, since nobody says that it is in them.
   */
  readonly told: ReadonlyMap<RoomId, RoomSummary | undefined>;
}

/** A room in a space, by the `m.space.child` event that says so. */
export interface SpaceChild {
  readonly roomId: RoomId;
  readonly via: readonly string[];
  readonly suggested: boolean;
  /** Undefined where it is none that counts. */
  readonly order: string | undefined;
  readonly ts: number;
  /** Stripped, with `origin_server_ts`. */
  readonly event: JsonObject;
}

/** Fetches history of rooms that we are in (fulfilled by `federation/`); absent while there is none. It never throws. */
export interface RemoteHistory {
  /** Takes in some of what lies right below a gap of a room's timeline. False when nobody gives any of it now. */
  fill(room: Room, gapPos: number): Promise<boolean>;
  /** Takes in the event nearest to a time that other servers know. Undefined where they know none, or none is needed. */
  eventNear(room: Room, ts: number, direction: 'f' | 'b'): Promise<StoredEvent | undefined>;
}

/** Asks other servers about rooms that we are not in (fulfilled by `federation/`); absent while there is none. */
export interface RemoteRooms {
  /** What the first of the servers that knows the room says of it, checked; undefined when none does. It never throws. */
  summary(roomId: RoomId, via: readonly string[]): Promise<RemoteSummary | undefined>;
}
