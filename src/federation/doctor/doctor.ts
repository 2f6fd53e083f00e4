import type { Clock } from '../../base/clock.ts';
import type { Leases } from '../../cluster/leases.ts';
import type { ServerName } from '../../core/ids.ts';
import type { ServerAcl } from '../../core/server-acl.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { serversSharing } from '../../rooms/room-domains.table.ts';
import { isWorking } from './checks/reading.ts';
import type { Echoes } from './echoes.ts';
import type { Facts, OwnFacts, PeerFacts } from './facts.ts';
import { gatherEventKeys } from './gather/event-keys.ts';
import { type FrontParts, gatherFront } from './gather/front.ts';
import { gatherKeys, type KeysParts, keyFacts } from './gather/keys.ts';
import { gatherOutdated } from './gather/outdated-lists.ts';
import { gatherPlaces } from './gather/places.ts';
import type { ProbeParts } from './gather/probe.ts';
import type { ConnectionParts } from './gather/probe-connection.ts';
import { gatherReceiving } from './gather/receiving.ts';
import { gatherReturned } from './gather/returned.ts';
import { gatherRooms, MOST_ROOMS } from './gather/rooms.ts';
import { gatherRoute } from './gather/route.ts';
import { gatherSending } from './gather/sending.ts';
import type { DifferenceParts } from './gather/state-difference.ts';
import { PAUSE_MS } from './gather/twice.ts';
import { gatherWork, type Machine } from './gather/work.ts';
import type { OwnFailures } from './own-failures.ts';
import type { PeerLedger } from './peer-ledger.ts';
import { countShared, longestFailingServers } from './peers.table.ts';
import { outsideView } from './vantage.ts';

export interface DoctorParts extends ProbeParts, DifferenceParts, Omit<KeysParts, 'db' | 'identity' | 'clock' | 'log'> {
  readonly rooms: RoomsParts;
  readonly leases: Pick<Leases, 'workers'>;
  readonly machine: Machine;
  readonly failures: Pick<OwnFailures, 'count' | 'last'>;
  readonly software: string;
  /** Where proxies reach us. */
  readonly upstream: string | undefined;
  readonly ledger: PeerLedger;
  readonly echoes: Echoes;
  readonly published: { readonly keys: Parameters<typeof keyFacts>[0] };
  readonly policy: ServerAcl;
  /** How other servers are reached; undefined in a simulation, where there is no network to look at. */
  readonly network: NetworkParts | undefined;
}

export interface NetworkParts {
  readonly discovery: FrontParts['discovery'];
  readonly connection: ConnectionParts;
  /** Where our own name leads, and what should be found there. */
  readonly front: Omit<FrontParts, 'serverName' | 'token'>;
}

/** How much is asked. */
export interface Thoroughness {
  readonly rooms: number;
  /** Between two questions about rooms. */
  readonly pauseMs: number;
  /** How long after an answer that says that something is wrong the same is asked again. */
  readonly doubtMs: number;
  /** Of how many rooms of a server the state is compared where nothing shows that it differs. */
  readonly states: number;
  /** Whether our own public name is looked at as well. */
  readonly withFront: boolean;
  /** Whether a megabyte is sent to each family of a server's addresses. */
  readonly withTransfer: boolean;
  /** Another Copse that is asked how we look from there. */
  readonly vantage?: ServerName | undefined;
}

/** For somebody who waits for it. */
export const THOROUGH: Thoroughness = {
  ...{ rooms: MOST_ROOMS, pauseMs: 0, doubtMs: PAUSE_MS, states: 20 },
  ...{ withFront: true, withTransfer: true },
};
/** Asking a server about its rooms ends after so long. */
const ROOMS_MS = 40_000;
const DAY_MS = 24 * 3_600_000;
/** Servers that are looked at when none is named. */
const MOST_PEERS = 20;
const MOST_FAILING = 10;
const SIDE_BY_SIDE = 4;

/** Collects facts: what the database has, what the network says. One examination at a time. */
export class Doctor {
  readonly #parts: DoctorParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: DoctorParts) {
    this.#parts = parts;
  }

  /** Looks at some servers, or at those where something is likely to be found. */
  examine(servers: readonly ServerName[], signal: AbortSignal, how: Thoroughness = THOROUGH): Promise<Facts> {
    return this.#inTurn(() => this.#examine(servers, signal, how));
  }

  /** What our own database and process say of us, and our own public name where that is wanted; nobody else is asked. */
  ourselves(how: Pick<Thoroughness, 'withFront'> = { withFront: false }): Promise<Facts> {
    return how.withFront ? this.#inTurn(() => this.#ourselves(how)) : this.#ourselves(how);
  }

  /** Requests to our own name tell how they arrived for one examination at a time. */
  #inTurn(look: () => Promise<Facts>): Promise<Facts> {
    const facts = this.#last.then(look);
    this.#last = facts.catch(() => undefined);
    return facts;
  }

  async #ourselves(how: Pick<Thoroughness, 'withFront'>): Promise<Facts> {
    const { clock } = this.#parts.rooms;
    const began = clock.monotonic();
    const us = await this.#us(how);
    return { version: 1, takenAt: clock.now(), took: clock.monotonic() - began, us, peers: [] };
  }

  async #examine(servers: readonly ServerName[], signal: AbortSignal, how: Thoroughness): Promise<Facts> {
    const { clock } = this.#parts.rooms;
    const began = clock.monotonic();
    const chosen = servers.length > 0 ? servers : await this.#likely();
    const us = await this.#us(how);
    const peers: PeerFacts[] = [];
    for (let at = 0; at < chosen.length && !signal.aborted; at += SIDE_BY_SIDE)
      peers.push(
        ...(await Promise.all(chosen.slice(at, at + SIDE_BY_SIDE).map(server => this.#peer(server, signal, how)))),
      );
    return { version: 1, takenAt: clock.now(), took: clock.monotonic() - began, us, peers };
  }

  /** Servers that fail, those of which something is missing, and the ones that we share most rooms with. */
  async #likely(): Promise<ServerName[]> {
    const { db, nids, serverName } = this.#parts.rooms;
    const own = await nids.domains.findOne(db, serverName);
    const failing = await longestFailingServers(db, MOST_FAILING);
    const sharing = own === undefined ? [] : await serversSharing(db, own);
    const some = [...new Set([...failing, ...sharing])].slice(0, MOST_PEERS);
    const names = await nids.domains.names(db, some);
    return some.flatMap(nid => (names.get(nid) as ServerName | undefined) ?? []);
  }

  async #us(how: Pick<Thoroughness, 'withFront' | 'vantage'>): Promise<OwnFacts> {
    const { rooms, software, ledger, echoes, published, failures, machine } = this.#parts;
    const heard = ledger.heard();
    return {
      server: rooms.serverName,
      software,
      startedAt: ledger.startedAt,
      instance: echoes.instance,
      signingKey: rooms.signingKey.keyId,
      published: keyFacts(published.keys),
      eventKeys: await gatherEventKeys(rooms, published.keys),
      ...(await this.#views(how)),
      heardFrom: heard.servers,
      heardAt: heard.at ?? null,
      ...(await gatherWork(this.#parts, ledger.startedAt)),
      returned: await gatherReturned(rooms.db),
      failing: { count: failures.count, last: [...failures.last] },
      ...this.#proxy(),
      disk: await machine.disk(),
      cutOff: [...machine.cutOff(rooms.clock.now() - DAY_MS)],
    };
  }

  #proxy(): Pick<OwnFacts, 'upstream' | 'madeFront'> {
    const { machine, upstream } = this.#parts;
    const made = machine.front();
    return {
      ...(upstream !== undefined && { upstream }),
      madeFront: made === undefined ? null : { program: made.program, file: made.file },
    };
  }

  /** Ourselves by our public name, from here and from outside. */
  async #views({
    withFront,
    vantage,
  }: Pick<Thoroughness, 'withFront' | 'vantage'>): Promise<Pick<OwnFacts, 'front' | 'outside'>> {
    const { rooms, echoes, network, client } = this.#parts;
    if (network === undefined || !withFront) return { front: null, outside: null };
    const token = echoes.issue();
    const { expected } = network.front;
    return {
      front: await gatherFront({ ...network.front, serverName: rooms.serverName, token }),
      outside:
        vantage === undefined
          ? null
          : await outsideView(client, vantage, { server: rooms.serverName, token, expected }),
    };
  }

  async #peer(server: ServerName, signal: AbortSignal, how: Thoroughness): Promise<PeerFacts> {
    const { rooms, client, peers, ledger, policy } = this.#parts;
    const { db, clock } = rooms;
    const isAllowed = policy.allows(server);
    const route = isAllowed ? await this.#route(server, how) : null;
    // Without a network to look at, the questions themselves show whether it is there.
    const isReached = isAllowed && (route === null || route.places.some(isWorking));
    const keys = isAllowed
      ? await gatherKeys({ ...this.#parts, ...rooms, identity: rooms }, server, { isReached, ...how })
      : null;
    const found = { server, isAllowed, route, keys };
    const domainNid = await rooms.nids.domains.findOne(db, server);
    const own = await rooms.nids.domains.findOne(db, rooms.serverName);
    if (domainNid === undefined || own === undefined)
      return { ...found, sending: null, receiving: null, roomsShared: 0, rooms: [] };
    using late = lateAfter(clock, ROOMS_MS, signal);
    const known = {
      sending: await gatherSending(db, domainNid, clock.now()),
      receiving: await gatherReceiving(rooms, ledger, {
        ...{ server, domainNid, now: clock.now() },
        outdated: isReached ? await gatherOutdated(this.#parts, server, domainNid, how.doubtMs) : [],
      }),
      roomsShared: await countShared(db, domainNid, own),
    };
    const shared = await gatherRooms(
      { rooms, client, peers },
      { server, domainNid, isReached, signal: late.signal, ...how },
    );
    return { ...found, ...known, rooms: shared };
  }

  async #route(server: ServerName, how: Thoroughness): Promise<PeerFacts['route']> {
    const { network } = this.#parts;
    if (network === undefined) return null;
    const { facts, targets } = await gatherRoute(network.discovery, server);
    const { host, certName } = facts;
    if (host === null || certName === null) return { ...facts, places: [] };
    return { ...facts, places: await gatherPlaces(network.connection, targets, { host, certName }, how) };
  }
}

function lateAfter(clock: Clock, ms: number, other: AbortSignal): Disposable & { readonly signal: AbortSignal } {
  const late = new AbortController();
  const timer = clock.after(ms, () => late.abort());
  return { signal: AbortSignal.any([late.signal, other]), [Symbol.dispose]: () => timer.cancel() };
}
