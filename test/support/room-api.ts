import type { TestContext } from 'node:test';
import type { EventId, UserId } from '../../src/core/ids.ts';
import { localpartOf } from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Database } from '../../src/db/database.ts';
import { directoryRoutes } from '../../src/http/client/directory/routes.ts';
import { peekingRoutes } from '../../src/http/client/peeking/routes.ts';
import type { RoomRouteParts } from '../../src/http/client/rooms/room-route-parts.ts';
import { roomRoutes } from '../../src/http/client/rooms/routes.ts';
import { syncRoutes } from '../../src/http/client/sync/routes.ts';
import { DelayedEvents } from '../../src/rooms/delayed-events.ts';
import { EventStream } from '../../src/sync/event-stream.ts';
import type { SyncSources } from '../../src/sync/sources.ts';
import { TestApi } from './http.ts';
import { roomsOn } from './rooms.ts';
import { SyncBench } from './sync.ts';

/** The endpoints of rooms, the directory and syncing, with what they told the parts above. */
export class RoomApi extends TestApi {
  readonly rooms: ReturnType<typeof roomsOn>;
  /** `user room thread pos` of each receipt that moved. */
  readonly reads: [number, string | undefined, number][];
  readonly fullyRead: Map<number, EventId>;
  /** Whom each user ignores, by number. */
  readonly ignored: Map<number, Set<string>>;

  constructor(db: Database, t: TestContext, more: Partial<RoomRouteParts> = {}, sources: Partial<SyncSources> = {}) {
    const rooms = roomsOn(db);
    const reads: [number, string | undefined, number][] = [];
    const fullyRead = new Map<number, EventId>();
    const ignored = new Map<number, Set<string>>();
    const parts: RoomRouteParts = {
      rooms,
      profileFor: async (userId: UserId) => ({ displayName: localpartOf(userId).toUpperCase() }),
      ignoredUsers: async userNid => ignored.get(userNid) ?? new Set(),
      reading: {
        async readUpTo(tx, userNid, _roomNid, thread, pos) {
          tx.afterCommit(() => reads.push([userNid, thread, pos]));
        },
        fullyRead: async (_db, userNid) => fullyRead.get(userNid),
        async setFullyRead(_tx, userNid, _roomId, eventId) {
          fullyRead.set(userNid, eventId);
        },
      },
      delayed: new DelayedEvents(rooms),
      defaultRoomVersion: '12',
      appserviceOwns: (appservice, userId) => userId.startsWith(`@${appservice}_`),
      aliasOwner: alias => (alias.startsWith('#irc_') ? 'irc' : undefined),
      ownsAlias: (_, alias) => alias.startsWith('#irc_'),
      ...more,
    };
    const roomAccountData = async () => [{ type: 'org.example.mine', content: {} }];
    const bench = new SyncBench(rooms, sources);
    t.after(() => bench[Symbol.dispose]());
    const eventStream = new EventStream(bench);
    const peeking = peekingRoutes({ ...parts, eventStream, roomAccountData });
    const syncing = syncRoutes({ ...bench, eventStream, storedFilter: async () => ({}), budget: rooms.budget });
    super(rooms, [...roomRoutes(parts), ...directoryRoutes(parts), ...peeking, ...syncing], t);
    this.rooms = rooms;
    this.reads = reads;
    this.fullyRead = fullyRead;
    this.ignored = ignored;
  }

  /** Makes a room; answers its ID. */
  async create(token: string, body: JsonObject = { preset: 'public_chat' }): Promise<string> {
    return String((await this.ok(this.post(token, '/v3/createRoom', body))).room_id);
  }

  async join(token: string, room: string): Promise<void> {
    await this.ok(this.post(token, `/v3/join/${encodeURIComponent(room)}`));
  }

  /** Sends a message; answers its event ID. */
  async say(token: string, room: string, body: string, more: JsonObject = {}): Promise<string> {
    const txn = `txn${RoomApi.#sent++}`;
    const path = `/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${txn}`;
    return String((await this.ok(this.put(token, path, { msgtype: 'm.text', body, ...more }))).event_id);
  }

  static #sent = 0;

  async setState(token: string, room: string, type: string, content: JsonObject, key = ''): Promise<string> {
    const path = `/v3/rooms/${encodeURIComponent(room)}/state/${type}/${encodeURIComponent(key)}`;
    return String((await this.ok(this.put(token, path, content))).event_id);
  }

  /** The bodies of a list of message events. */
  static bodies(events: unknown): unknown[] {
    return (events as { type: string; content: { body?: string } }[])
      .filter(event => event.type === 'm.room.message')
      .map(event => event.content.body);
  }
}
