import { type Clock, sleep } from '../../base/clock.ts';
import type { ServerName } from '../../core/ids.ts';
import { serversSharing, sharedRooms } from '../../rooms/room-domains.table.ts';
import { failingSince } from '../outbound/destination.table.ts';
import { type HeadProbeParts, probeHeads } from './head-probe.ts';

/** Servers that are greeted at the same time, and within a second. */
const SIDE_BY_SIDE = 8;
const BETWEEN_MS = 100;
/** Dendrite takes no notice of a sign of life within a minute of the last. */
const AGAIN_MS = 61_000;
/** Who has taken nothing for so long keeps nobody waiting, and is greeted once. */
const GONE_MS = 24 * 3_600_000;
/** Rooms in which a server is asked, should it refuse in the first. */
const MOST_ROOMS = 2;

/**
 * Tells every server that shares rooms with us that we are there again, those with most rooms first, each in the room
 * that was probed least so far. Whoever backs off from us after an outage of ours goes on sending once it hears a signed
 * request; what it does not send again by itself the probe brings. Who did not answer may have been off for as long as we were,
 * by the same power cut, and is greeted again with the others.
 */
export async function sayHello(parts: HeadProbeParts, signal: AbortSignal): Promise<void> {
  const { rooms } = parts;
  const own = await rooms.nids.domains.findOne(rooms.db, rooms.serverName);
  if (own === undefined) return;
  const servers = await serversSharing(rooms.db, own);
  const gone = await failingSince(rooms.db, rooms.clock.now() - GONE_MS);
  const living = servers.filter(server => !gone.has(server));
  const probed = new ProbedRooms();
  await greetAll(parts, own, living, probed, signal);
  if (living.length > 0) await sleep(rooms.clock, AGAIN_MS, signal);
  await greetAll(parts, own, living, probed, signal);
  await greetAll(
    parts,
    own,
    servers.filter(server => gone.has(server)),
    probed,
    signal,
  );
}

/** Which rooms were probed, so that all of them have their turn. */
class ProbedRooms {
  readonly #times = new Map<number, number>();
  readonly #pairs = new Set<string>();

  count(server: number, room: number): void {
    this.#times.set(room, (this.#times.get(room) ?? 0) + 1);
    this.#pairs.add(`${server} ${room}`);
  }

  /** Rooms in which that server was not asked first, of these what was probed least. */
  inTurn(server: number, rooms: readonly number[]): number[] {
    const asked = (room: number) => Number(this.#pairs.has(`${server} ${room}`));
    const times = (room: number) => this.#times.get(room) ?? 0;
    return rooms.toSorted((a, b) => asked(a) - asked(b) || times(a) - times(b)).slice(0, MOST_ROOMS);
  }
}

async function greetAll(
  parts: HeadProbeParts,
  own: number,
  servers: readonly number[],
  probed: ProbedRooms,
  signal: AbortSignal,
): Promise<void> {
  await sideBySide(servers, parts.rooms.clock, signal, server => greet(parts, own, server, probed));
}

async function greet(parts: HeadProbeParts, own: number, domainNid: number, probed: ProbedRooms): Promise<void> {
  const { rooms } = parts;
  try {
    const server = (await rooms.nids.domains.name(rooms.db, domainNid)) as ServerName;
    const inTurn = probed.inTurn(domainNid, await sharedRooms(rooms.db, domainNid, own));
    const found = await rooms.rooms.byNids(rooms.db, inTurn);
    for (const room of inTurn.flatMap(nid => found.get(nid) ?? [])) {
      probed.count(domainNid, room.nid);
      if ((await probeHeads(parts, room, server)) !== 'refused') return;
    }
  } catch (error) {
    rooms.log.warn('A server could not be told that we are there again.', { err: error });
  }
}

/** Works on many, some of them at the same time, and none sooner after the one before than is polite. */
async function sideBySide(
  items: readonly number[],
  clock: Clock,
  signal: AbortSignal,
  work: (item: number) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  for (const item of items) {
    if (signal.aborted) break;
    const one = work(item).finally(() => running.delete(one));
    running.add(one);
    if (running.size >= SIDE_BY_SIDE) await Promise.race(running);
    if (items.length > 1) await sleep(clock, BETWEEN_MS, signal);
  }
  await Promise.all(running);
}
