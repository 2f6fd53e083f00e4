import type { TestContext } from 'node:test';
import type { Event } from '../../src/core/event.ts';
import type { UserId } from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Database } from '../../src/db/database.ts';
import { CheckedEvents } from '../../src/federation/events/checked-events.ts';
import { PeerChoice } from '../../src/federation/gaps/peer-choice.ts';
import { PeerEvents } from '../../src/federation/gaps/peer-events.ts';
import { FederatedHistory } from '../../src/federation/history/federated-history.ts';
import { enterRoom } from '../../src/rooms/enter-room.ts';
import { compileFilter } from '../../src/rooms/event-filter.ts';
import { ingest } from '../../src/rooms/ingest.ts';
import { leave } from '../../src/rooms/membership.ts';
import { messages } from '../../src/rooms/messages.ts';
import { storeOutliers } from '../../src/rooms/outliers.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';
import type { Room } from '../../src/rooms/room.ts';
import { readableRoom } from '../../src/rooms/room-access.ts';
import { stateOfEvents } from '../../src/rooms/state-of-events.ts';
import { AskedServers } from './asked-server.ts';
import { joinEvent, otherServer, wholeState } from './other-server.ts';
import { DORA, newest, TWO } from './remote-events.ts';
import { keysOf } from './resident-server.ts';
import { ALICE, newRoom, roomsOn, viewOf } from './rooms.ts';

/** A server that comes into rooms of another, and asks it for what was before. */
export class HistoryWorld {
  readonly here: ReturnType<typeof roomsOn>;
  readonly there: RoomsParts;
  readonly servers: AskedServers;
  readonly history: FederatedHistory;

  private constructor(t: TestContext, here: ReturnType<typeof roomsOn>, there: RoomsParts) {
    this.here = here;
    this.there = there;
    this.servers = new AskedServers(t, here.serverName);
    this.servers.add(there);
    const checked = new CheckedEvents({ crypto: here.crypto, keyRing: keysOf(here, there) });
    const peers = new PeerEvents(this.servers.client);
    this.history = new FederatedHistory({ rooms: here, checked, peers, choice: new PeerChoice(here) });
  }

  static async start(t: TestContext, db: Database): Promise<HistoryWorld> {
    const here = roomsOn(db);
    // What happens there is long over when we come.
    here.clock.advance(86_400_000);
    return new HistoryWorld(t, here, await otherServer(t, TWO));
  }

  /** A room of Dora's, there alone so far. */
  newRoom(version = '11'): Promise<Room> {
    return newRoom(this.there, { creator: DORA, version });
  }

  /** `here` comes into a room by a join of Alice's. */
  async enter(remote: Room, user: UserId = ALICE): Promise<Room> {
    const { here, there } = this;
    const state = await wholeState(there, remote);
    const join = await joinEvent(here, there, remote, user);
    const room = await here.db.tx(async tx => {
      const found = await here.rooms.findOrCreate(tx, remote.roomId, remote.version);
      await storeOutliers(here, tx, found, state);
      const ids = state.map(each => each.id);
      await enterRoom(here, tx, found, join, await stateOfEvents(here, tx, found, ids));
      return found;
    });
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

export function nameOf(event: JsonObject): string {
  const { body } = event.content as JsonObject;
  return typeof body === 'string' ? body : String(event.type);
}
