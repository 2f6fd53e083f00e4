import type { TestContext } from 'node:test';
import { SoleLeases } from '../../src/cluster/leases.ts';
import { DividedWork } from '../../src/cluster/shares.ts';
import type { Event } from '../../src/core/event.ts';
import type { ServerName, UserId } from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Database } from '../../src/db/database.ts';
import { CheckedEvents } from '../../src/federation/events/checked-events.ts';
import { GapFiller } from '../../src/federation/gaps/gap-filler.ts';
import { HoleFiller } from '../../src/federation/gaps/hole-filler.ts';
import { PeerChoice } from '../../src/federation/gaps/peer-choice.ts';
import { PeerEvents } from '../../src/federation/gaps/peer-events.ts';
import type { ToldStateParts } from '../../src/federation/gaps/told-state.ts';
import { FederatedHistory } from '../../src/federation/history/federated-history.ts';
import { Inbox } from '../../src/federation/inbound/inbox.ts';
import { RoomDrain } from '../../src/federation/inbound/room-drain.ts';
import { JoiningRooms } from '../../src/federation/joining/joining-rooms.ts';
import type { HeadProbeParts } from '../../src/federation/probing/head-probe.ts';
import { enterRoom } from '../../src/rooms/enter-room.ts';
import { compileFilter } from '../../src/rooms/event-filter.ts';
import { ingest } from '../../src/rooms/ingest.ts';
import { leave } from '../../src/rooms/membership.ts';
import { messages } from '../../src/rooms/messages.ts';
import { storeOutliers } from '../../src/rooms/outliers.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';
import type { Room, StoredEvent } from '../../src/rooms/room.ts';
import { readableRoom } from '../../src/rooms/room-access.ts';
import { SHARD_COUNT } from '../../src/rooms/shards.ts';
import { stateOfEvents } from '../../src/rooms/state-of-events.ts';
import { AskedServers } from './asked-server.ts';
import { joinEvent, otherServer, wholeState } from './other-server.ts';
import { DORA, newest, TWO } from './remote-events.ts';
import { keysOf } from './resident-server.ts';
import { ALICE, newRoom, roomsOn, viewOf } from './rooms.ts';

export const THREE = 'three.example' as ServerName;
export const EVE = '@eve:three.example' as UserId;

/** A server that comes into rooms of another, and asks it and a third for what it did not get. */
export class HistoryWorld {
  readonly here: ReturnType<typeof roomsOn>;
  readonly there: RoomsParts;
  readonly third: RoomsParts;
  readonly servers: AskedServers;
  readonly history: FederatedHistory;
  readonly holes: HoleFiller;
  readonly drain: RoomDrain;
  readonly probing: HeadProbeParts;
  readonly told: ToldStateParts;
  #transactions = 0;

  private constructor(t: TestContext, here: ReturnType<typeof roomsOn>, there: RoomsParts, third: RoomsParts) {
    this.here = here;
    this.there = there;
    this.third = third;
    this.servers = new AskedServers(t, here.serverName);
    this.servers.add(there);
    this.servers.add(third);
    const checked = new CheckedEvents({ crypto: here.crypto, keyRing: keysOf(here, there, third) });
    const told = { rooms: here, checked, peers: new PeerEvents(this.servers.client), choice: new PeerChoice(here) };
    this.history = new FederatedHistory(told);
    this.told = told;
    const gaps = new GapFiller(told);
    const joining = new JoiningRooms(here);
    this.holes = new HoleFiller({ ...told, gaps });
    const shards = new DividedWork(new SoleLeases(), 'shard', SHARD_COUNT);
    this.drain = new RoomDrain({ rooms: here, checked, gaps, joining, shards });
    const edus = { receive: async () => undefined };
    const inbox = new Inbox({ rooms: here, edus, drain: this.drain, joining });
    this.probing = { ...told, inbox };
    this.#inbox = inbox;
  }
  readonly #inbox: Inbox;

  static async start(t: TestContext, db: Database): Promise<HistoryWorld> {
    const here = roomsOn(db);
    // What happens there is long over when we come.
    here.clock.advance(86_400_000);
    return new HistoryWorld(t, here, await otherServer(t, TWO), await otherServer(t, THREE));
  }

  /** Eve of the third server comes into a room of the other, before we do. */
  async enterThird(remote: Room): Promise<Room> {
    const join = await joinEvent(this.third, this.there, remote, EVE);
    const room = await intoRoom(this.third, await wholeState(this.there, remote), join, remote);
    await this.tell(remote, join);
    return room;
  }

  /** `there` sends events to us; what comes of them is waited for. */
  async send(events: readonly StoredEvent[]): Promise<void> {
    await this.receiveFrom(TWO, events);
  }

  /** The same from any server, with what it is answered. */
  async receiveFrom(origin: ServerName, events: readonly StoredEvent[]): Promise<JsonObject> {
    const pdus = events.map(({ event }) => JSON.stringify(event.pdu));
    const answer = await this.#inbox.receive(origin, { txnId: String(this.#transactions++), pdus, edus: [] });
    await this.settled();
    return answer;
  }

  async settled(): Promise<void> {
    while (this.drain.busy > 0) await new Promise(resolve => setImmediate(resolve));
  }

  /** A room of Dora's, there alone so far. */
  newRoom(version = '11'): Promise<Room> {
    return newRoom(this.there, { creator: DORA, version });
  }

  /** `here` comes into a room by a join of Alice's. */
  async enter(remote: Room, user: UserId = ALICE): Promise<Room> {
    const { here, there } = this;
    const join = await joinEvent(here, there, remote, user);
    const room = await intoRoom(here, await wholeState(there, remote), join, remote);
    await this.tell(remote, join);
    return room;
  }

  /** Alice leaves again, so that nobody of `here` is left. */
  async leave(room: Room, remote: Room): Promise<void> {
    const { here } = this;
    await leave(here, room, { sender: ALICE });
    await this.tell(remote, (await newest(here, room)).event);
  }

  /** Takes an event in there. */
  async tell(remote: Room, event: Event): Promise<void> {
    await this.there.db.tx(tx => ingest(this.there, tx, remote, event));
  }

  /** A page of messages as a client of `here` gets it. */
  async page(room: Room, query: { from?: string; limit?: number; direction?: 'f' | 'b' } = {}, user: UserId = ALICE) {
    const { here, history } = this;
    const view = await viewOf(here, user);
    const asked = {
      direction: 'b' as const,
      from: undefined,
      to: undefined,
      limit: 10,
      filter: compileFilter(),
      history,
    };
    const answer = await messages(here, here.db, await readableRoom(here, room.roomId, view), view, {
      ...asked,
      ...query,
    });
    const chunk = answer.chunk as readonly JsonObject[];
    return { chunk, end: answer.end as string | undefined, start: answer.start as string };
  }

  /** All that a client gets by reading backwards page by page, oldest first: bodies of messages, types of the rest. */
  async readBack(room: Room, limit = 10, user: UserId = ALICE): Promise<string[]> {
    const all: string[] = [];
    let from: string | undefined;
    for (let pages = 0; pages < 100; pages++) {
      const { chunk, end } = await this.page(room, { limit, ...(from === undefined ? {} : { from }) }, user);
      all.unshift(...chunk.map(nameOf).reverse());
      if (end === undefined || end === from) break;
      from = end;
    }
    return all;
  }
}

function intoRoom(parts: RoomsParts, state: readonly Event[], join: Event, remote: Room): Promise<Room> {
  return parts.db.tx(async tx => {
    const found = await parts.rooms.findOrCreate(tx, remote.roomId, remote.version);
    await storeOutliers(parts, tx, found, state);
    const ids = state.map(each => each.id);
    await enterRoom(parts, tx, found, join, await stateOfEvents(parts, tx, found, ids));
    return found;
  });
}

export function nameOf(event: JsonObject): string {
  const { body } = event.content as JsonObject;
  return typeof body === 'string' ? body : String(event.type);
}
