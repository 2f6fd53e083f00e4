import { silentLog } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { SoleLeases } from '../../src/cluster/leases.ts';
import type { ServerName } from '../../src/core/ids.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { Database, Tx } from '../../src/db/database.ts';
import { outboundCounters } from '../../src/federation/outbound/outbound-metrics.ts';
import { RefusedError, UnreachableError } from '../../src/federation/transport/errors.ts';
import type { FederationRequest } from '../../src/federation/transport/federation-client.ts';
import { accountDevices } from '../../src/keys/account-devices.table.ts';
import { buildKeys, type Keys } from '../../src/keys/keys.ts';
import { composeOutbound, type Outbound, outboundQueues } from '../../src/main/compose-outbound.ts';
import { deviceListsChanged } from '../../src/rooms/announce.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';
import type { Room } from '../../src/rooms/room.ts';
import { addToDomain } from '../../src/rooms/room-domains.table.ts';
import { Typing } from '../../src/sync/typing.ts';
import { TestClock } from './accounts.ts';
import { newRoom, roomsOn } from './rooms.ts';

/** A transaction as a peer got it. */
export interface SentTransaction {
  readonly server: ServerName;
  readonly txnId: string;
  readonly pdus: readonly JsonObject[];
  readonly edus: readonly JsonObject[];
}

export type PeerAnswer = (sent: SentTransaction) => Json | Promise<Json>;

/** Other servers that do as they are told, and remember what came. */
export class ScriptedPeers {
  readonly sent: SentTransaction[] = [];
  answer: PeerAnswer = () => ({ pdus: {} });
  readonly #clock: TestClock;

  constructor(clock: TestClock) {
    this.#clock = clock;
  }

  readonly request = async (server: ServerName, asked: FederationRequest): Promise<Json> => {
    const { path, body, signal, timeoutMs = 30_000 } = asked;
    signal?.throwIfAborted();
    const txnId = /^\/_matrix\/federation\/v1\/send\/(.+)$/.exec(path)?.[1] ?? '';
    const { pdus, edus = [] } = JSON.parse(JSON.stringify(body)) as { pdus: JsonObject[]; edus?: JsonObject[] };
    const sent = { server, txnId, pdus, edus };
    this.sent.push(sent);
    const aborted = new Promise<never>((_, reject) =>
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true }),
    );
    const late = Promise.withResolvers<never>();
    const timer = this.#clock.after(timeoutMs, () => late.reject(silence(server)));
    return Promise.race([this.answer(sent), aborted, late.promise]).finally(() => timer.cancel());
  };

  /** The bodies of the messages that a server got, in order, repeated ones too. */
  bodies(server: string): unknown[] {
    return this.to(server)
      .flatMap(sent => sent.pdus)
      .filter(pdu => pdu.type === 'm.room.message')
      .map(pdu => (pdu.content as JsonObject).body);
  }

  /** The contents of the EDUs of a type that a server got. */
  edus(server: string, type: string): JsonObject[] {
    const edus = this.to(server).flatMap(sent => sent.edus);
    return edus.filter(edu => edu.edu_type === type).map(edu => edu.content as JsonObject);
  }

  to(server: string): SentTransaction[] {
    return this.sent.filter(sent => sent.server === server);
  }
}

export function refusal(server: ServerName, status: number, errcode?: string, retryAfterMs?: number): RefusedError {
  return new RefusedError(server, { status, errcode, message: 'no', retryAfterMs, body: {} });
}

export function silence(server: ServerName): UnreachableError {
  return new UnreachableError(server, 'connect', 'nobody is there');
}

export const RETRY = { initial: 10_000, factor: 2, longest: 3_600_000 };

/** What sends to other servers, over the rooms and keys of a server, on a clock that stands still. */
export class OutboundWorld implements AsyncDisposable {
  readonly rooms: RoomsParts;
  readonly clock = new TestClock();
  readonly peers = new ScriptedPeers(this.clock);
  readonly keys: Keys;
  readonly typing: Typing;
  /** Whether there is work with what has come from other servers. */
  isTakingIn = false;
  #outbound: Outbound | undefined;

  constructor(db: Database) {
    this.rooms = { ...roomsOn(db), clock: this.clock };
    const common = { ...this.rooms, devices: accountDevices };
    const queues = outboundQueues(this.rooms, silentLog, outboundCounters(undefined));
    const announcer = {
      deviceListChanged: (tx: Tx, userNid: number) => deviceListsChanged(this.rooms, tx, [userNid]),
    };
    this.keys = buildKeys({ ...common, ...queues, rooms: announcer });
    this.typing = new Typing({
      clock: this.clock,
      random: systemRandom,
      bus: this.rooms.bus,
      changed: () => undefined,
    });
  }

  get outbound(): Outbound {
    if (this.#outbound === undefined) throw new RangeError('nothing is sent now');
    return this.#outbound;
  }

  /** Begins to send, as a process that was just started. */
  start(): void {
    const { rooms, peers, keys, typing } = this;
    this.#outbound = composeOutbound({
      client: peers,
      ...{ rooms, keys, typing, presence: undefined, retry: RETRY, log: silentLog, budget: rooms.budget },
      counters: outboundCounters(undefined),
      metrics: undefined,
      leases: new SoleLeases(),
      isTakingIn: () => this.isTakingIn,
    });
    this.#outbound.start();
  }

  /** Ends as a process that dies: what is under way is not waited for. */
  async stop(): Promise<void> {
    await this.#outbound?.[Symbol.asyncDispose]();
    this.#outbound = undefined;
  }

  /** Resolves when everything that can be sent now was, or has failed. */
  async settle(): Promise<void> {
    await this.outbound.follower.catchUp();
    for (let quiet = 0; quiet < 5; ) {
      await new Promise(resolve => setTimeout(resolve, 2));
      await this.outbound.sender.drain();
      const { active, waiting } = this.outbound.sender.load;
      quiet = active + waiting === 0 ? quiet + 1 : 0;
    }
  }

  /** A server calls us. */
  async hear(server: ServerName): Promise<void> {
    const request = { method: 'GET', target: '/', authorization: [], body: () => undefined };
    await this.outbound.hearing(async () => server)(request);
  }

  /** Waits until something is so, on the real clock. */
  async until(isSo: () => boolean): Promise<void> {
    for (let turn = 0; !isSo(); turn++) {
      if (turn > 30_000) throw new RangeError('it did not come about');
      await new Promise(resolve => setTimeout(resolve, 2));
    }
  }

  /** Lets time pass, and what is due then be done. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }

  /** A room of its own, also while the clock stands still: its ID comes from what it says. */
  newRoom(): Promise<Room> {
    this.clock.advance(1);
    return newRoom(this.rooms);
  }

  async numberOf(server: ServerName): Promise<number> {
    return this.rooms.db.tx(tx => this.rooms.nids.domains.internOne(tx, server));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Puts further servers into a room, as if a user of each had joined. */
export async function addServers({ rooms }: OutboundWorld, room: Room, count: number): Promise<ServerName[]> {
  const names = Array.from({ length: count }, (_, at) => `server${at}.example` as ServerName);
  for (let at = 0; at < count; at += 500) {
    await rooms.db.tx(async tx => {
      const numbers = await rooms.nids.domains.intern(tx, names.slice(at, at + 500));
      for (const nid of numbers.values()) await addToDomain(tx, room.nid, nid, 1);
    });
  }
  return names;
}
