import { sleep } from '../../base/clock.ts';
import type { ServerName } from '../../core/ids.ts';
import { isResident } from '../../rooms/current-membership.ts';
import { newestPosition } from '../../rooms/events.table.ts';
import type { Room } from '../../rooms/room.ts';
import { type HeadProbeParts, type ProbeOutcome, probeHeads } from './head-probe.ts';
import {
  dueProbes,
  enrolRooms,
  forgetProbes,
  LONGEST_WAIT_MS,
  makeAllDue,
  nextProbe,
  type RoomProbeRow,
  refusalsSince,
  updateProbe,
} from './room-probe.table.ts';

const MINUTE_MS = 60_000;
/** To the next probe of a room where something happens, and of one where nothing does. */
const SHORTEST_WAIT_MS = 5 * MINUTE_MS;
/** After a server did not answer, or named as many heads as it ever does. */
const SOON_MS = MINUTE_MS;
/** A server that refuses to tell is not asked about the room again for so long. */
const REFUSED_MS = 24 * 60 * MINUTE_MS;
/** Servers of a room that are asked in turn. */
const MOST_SERVERS = 10;
/** Rooms that are probed within a second. */
const IN_A_SECOND = 4;
const SECOND_MS = 1000;
const ENROL_MS = MINUTE_MS;

/**
 * Probes every room that we share with others: all of them after the start, then each after five minutes, and less often
 * the longer nothing happens there.
 */
export class ProbeLoop {
  readonly #parts: HeadProbeParts;
  #enrolAt = 0;

  constructor(parts: HeadProbeParts) {
    this.#parts = parts;
  }

  /** Works until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { rooms } = this.#parts;
    let isStarted = false;
    while (!signal.aborted) {
      try {
        if (!isStarted) await this.begin();
        isStarted = true;
        await sleep(rooms.clock, await this.work(signal), signal);
      } catch (error) {
        rooms.log.error('Asking other servers what rooms end with failed; it goes on in a minute.', { err: error });
        await sleep(rooms.clock, MINUTE_MS, signal);
      }
    }
  }

  /** All rooms are due, those too that we came into just before we ended and that were not enrolled then. */
  async begin(): Promise<void> {
    const { db, clock } = this.#parts.rooms;
    await this.#enrol();
    await db.tx(tx => makeAllDue(tx, clock.now(), SHORTEST_WAIT_MS));
  }

  /** Probes some of the rooms that are due. Answers for how many milliseconds there is nothing to do. */
  async work(signal: AbortSignal = new AbortController().signal): Promise<number> {
    const { db, clock } = this.#parts.rooms;
    await this.#enrol();
    const due = await dueProbes(db, clock.now(), IN_A_SECOND);
    if (!signal.aborted) await Promise.all(due.map(row => this.#probe(row)));
    if (due.length === IN_A_SECOND) return SECOND_MS;
    const next = (await nextProbe(db)) ?? Number.POSITIVE_INFINITY;
    return Math.min(Math.max(next - clock.now(), SECOND_MS), ENROL_MS);
  }

  /** Takes notice of rooms that we have come into, or that others have. */
  async #enrol(): Promise<void> {
    const { db, clock, nids, serverName } = this.#parts.rooms;
    if (clock.monotonic() < this.#enrolAt) return;
    this.#enrolAt = clock.monotonic() + ENROL_MS;
    const own = await nids.domains.findOne(db, serverName);
    if (own !== undefined) await db.tx(tx => enrolRooms(tx, own, clock.now() + SHORTEST_WAIT_MS, SHORTEST_WAIT_MS));
  }

  async #probe(row: RoomProbeRow): Promise<void> {
    const { rooms } = this.#parts;
    const room = (await rooms.rooms.byNids(rooms.db, [row.room_nid])).get(row.room_nid);
    if (room === undefined || !(await this.#isShared(room))) return rooms.db.tx(tx => forgetProbes(tx, row.room_nid));
    const server = await this.#nextServer(room, row.turn);
    const outcome = server === undefined ? 'nobody' : await this.#outcome(room, server);
    const newest = (await newestPosition(rooms.db, row.room_nid)) ?? 0;
    const isLively = outcome === 'behind' || outcome === 'more' || newest !== row.newest;
    const wait = isLively ? SHORTEST_WAIT_MS : Math.min(row.wait * 2, LONGEST_WAIT_MS);
    const isSoon = outcome === 'more' || outcome === 'unreachable' || outcome === 'refused';
    const due = rooms.clock.now() + (isSoon ? Math.min(SOON_MS, wait) : wait);
    await rooms.db.tx(tx => updateProbe(tx, { room_nid: row.room_nid, due, wait, turn: row.turn + 1, newest }));
  }

  /** One room with a fault must not keep the others from being probed. */
  async #outcome(room: Room, server: ServerName): Promise<ProbeOutcome> {
    try {
      return await probeHeads(this.#parts, room, server);
    } catch (error) {
      this.#parts.rooms.log.error('A room cannot be probed.', { room: room.roomId, server, err: error });
      return 'level';
    }
  }

  async #isShared(room: Room): Promise<boolean> {
    const { rooms, choice } = this.#parts;
    return (await isResident(rooms, rooms.db, room)) && (await choice.of(room, 1)).length > 0;
  }

  async #nextServer(room: Room, turn: number): Promise<ServerName | undefined> {
    const { rooms, choice } = this.#parts;
    const refused = await refusalsSince(rooms.db, room.nid, rooms.clock.now() - REFUSED_MS);
    const names = await rooms.nids.domains.names(rooms.db, refused);
    const servers = await choice.of(room, MOST_SERVERS, new Set(names.values()));
    return servers[turn % Math.max(servers.length, 1)];
  }
}
