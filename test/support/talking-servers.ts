import type { TestContext } from 'node:test';
import { SoleLeases } from '../../src/cluster/leases.ts';
import { DividedWork } from '../../src/cluster/shares.ts';
import type { EventId, ServerName, UserId } from '../../src/core/ids.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { Database } from '../../src/db/database.ts';
import { CheckedEvents } from '../../src/federation/events/checked-events.ts';
import { GapFiller } from '../../src/federation/gaps/gap-filler.ts';
import { PeerEvents } from '../../src/federation/gaps/peer-events.ts';
import { Inbox } from '../../src/federation/inbound/inbox.ts';
import { RoomDrain, type RoomDrainParts } from '../../src/federation/inbound/room-drain.ts';
import { JoiningRooms } from '../../src/federation/joining/joining-rooms.ts';
import { RefusedError } from '../../src/federation/transport/errors.ts';
import type { FederationRequest, StreamedAnswer } from '../../src/federation/transport/federation-client.ts';
import { ingest } from '../../src/rooms/ingest.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';
import type { Room, StoredEvent } from '../../src/rooms/room.ts';
import { SHARD_COUNT } from '../../src/rooms/shards.ts';
import { comeInto, otherServer } from './other-server.ts';
import { TWO } from './remote-events.ts';
import { keysOf } from './resident-server.ts';
import { ALICE, newRoom, roomsOn } from './rooms.ts';

const DORA = '@dora:two.example' as UserId;

/** One server with an inbox, and another that answers its questions about a room of its own. */
export class TalkingServers {
  readonly here: ReturnType<typeof roomsOn>;
  readonly there: RoomsParts;
  readonly inbox: Inbox;
  readonly drain: RoomDrain;
  /** What the drain is made of, for tests that need one of their own. */
  readonly drainParts: RoomDrainParts;
  readonly joining: JoiningRooms;
  /** What was asked of the other server: the paths. */
  readonly asked: string[] = [];
  /** Answers a question instead of the other server; undefined lets it answer. */
  instead: (path: string, body: JsonObject | undefined) => Json | Promise<Json> | undefined = () => undefined;
  /** The events of a streamed answer instead of the other server's; undefined: it refuses. */
  streamed: (path: string) => Iterable<Json> | undefined = () => undefined;
  readonly edus: JsonObject[] = [];
  #transactions = 0;

  private constructor(here: ReturnType<typeof roomsOn>, there: RoomsParts) {
    this.here = here;
    this.there = there;
    this.joining = new JoiningRooms(here);
    const checked = new CheckedEvents({ crypto: here.crypto, keyRing: keysOf(here, there) });
    const client = { request: this.#answer.bind(this), stream: this.#stream.bind(this) };
    const { joining } = this;
    const gaps = new GapFiller({ rooms: here, checked, peers: new PeerEvents(client) });
    const shards = new DividedWork(new SoleLeases(), 'shard', SHARD_COUNT);
    this.drainParts = { rooms: here, checked, gaps, joining, shards };
    this.drain = new RoomDrain(this.drainParts);
    const edus = { receive: async (_: ServerName, list: readonly JsonObject[]) => void this.edus.push(...list) };
    this.inbox = new Inbox({ rooms: here, edus, drain: this.drain, joining });
  }

  static async start(t: TestContext, db: Database): Promise<TalkingServers> {
    const servers = new TalkingServers(roomsOn(db), await otherServer(t, TWO));
    t.after(() => servers.drain[Symbol.asyncDispose]());
    return servers;
  }

  /** A room of the other server that Alice has come into. */
  async sharedRoom(version = '11'): Promise<{ readonly room: Room; readonly remote: Room }> {
    const { here, there } = this;
    const remote = await newRoom(there, { creator: DORA, version });
    const { room, event } = await comeInto(here, there, remote, ALICE);
    await there.db.tx(tx => ingest(there, tx, remote, event));
    return { room, remote };
  }

  /** Sends events of the other server in one transaction, and waits until they are taken in or wait for more. */
  async send(events: readonly (StoredEvent | JsonObject | string)[], edus: readonly JsonObject[] = [], txnId?: string) {
    const pdus = events.map(each =>
      typeof each === 'string'
        ? each
        : JSON.stringify('event' in each && 'nid' in each ? (each as StoredEvent).event.pdu : each),
    );
    const answer = await this.inbox.receive(TWO, { txnId: txnId ?? `${this.#transactions++}`, pdus, edus });
    await this.settled();
    return answer;
  }

  async settled(): Promise<void> {
    while (this.drain.busy > 0) await new Promise(resolve => setImmediate(resolve));
  }

  async #answer(server: ServerName, { path, query, body }: FederationRequest): Promise<Json> {
    this.asked.push(path);
    const told = await this.instead(path, body);
    if (told !== undefined) return told;
    const { there } = this;
    const byId = async (id: string) =>
      (await there.events.byId(there.db, id as EventId))?.event.pdu as Json | undefined;
    const [, kind = '', last = ''] = /\/v1\/([a-z_]+)\/(.*)$/.exec(path) ?? [];
    if (kind === 'event') {
      const pdu = await byId(decodeURIComponent(last));
      if (pdu !== undefined) return { pdus: [pdu] };
    }
    if (kind === 'get_missing_events') return { events: await this.#between(body ?? {}) };
    if (kind === 'state_ids') {
      const stored = await there.events.byId(there.db, String(query?.event_id) as EventId);
      if (stored !== undefined) {
        const room = (await there.rooms.byNids(there.db, [stored.roomNid])).get(stored.roomNid)!;
        const pduIds: string[] = [];
        for await (const each of there.state.all(there.db, room, stored.stateBefore)) pduIds.push(each.event.id);
        return { pdu_ids: pduIds, auth_chain_ids: [] };
      }
    }
    throw new RefusedError(server, {
      status: 404,
      errcode: 'M_NOT_FOUND',
      message: 'no',
      retryAfterMs: undefined,
      body: {},
    });
  }

  /** What lies behind the latest events up to the earliest, as a server gives it: not too many at once. */
  async #between(body: JsonObject): Promise<Json[]> {
    const { there } = this;
    const stop = new Set(body.earliest_events as string[]);
    const found: StoredEvent[] = [];
    let level = body.latest_events as EventId[];
    while (level.length > 0 && found.length < 20) {
      const next: EventId[] = [];
      for (const stored of (await there.events.byIds(there.db, level)).values()) {
        if (!(body.latest_events as string[]).includes(stored.event.id)) found.push(stored);
        next.push(...stored.event.prevIds.filter(id => !stop.has(id)));
      }
      level = next;
    }
    return found.reverse().map(stored => stored.event.pdu as Json);
  }

  async #stream(server: ServerName, request: FederationRequest): Promise<StreamedAnswer> {
    this.asked.push(request.path);
    const events = this.streamed(request.path);
    if (events !== undefined)
      return {
        status: 200,
        header: () => undefined,
        body: authChainOf(events),
        [Symbol.asyncDispose]: async () => undefined,
      };
    throw new RefusedError(server, {
      status: 404,
      errcode: 'M_NOT_FOUND',
      message: 'no',
      retryAfterMs: undefined,
      body: {},
    });
  }
}

async function* authChainOf(events: Iterable<Json>): AsyncGenerator<Buffer, void> {
  let before = '{"auth_chain":[';
  for (const event of events) {
    yield Buffer.from(before + JSON.stringify(event));
    before = ',';
  }
  yield Buffer.from(']}');
}
