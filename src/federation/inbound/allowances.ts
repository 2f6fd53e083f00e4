import type { RoomsParts } from '../../rooms/parts.ts';
import {
  addLimited,
  allowanceOf,
  countRaised,
  latelyRefused,
  pruneAllowances,
  roomsOfBoth,
  setFactor,
  waitingOf,
} from './peer-allowance.table.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Events of one server that may wait here: 64 MiB at the very most, as a rule a twentieth of that. */
const OF_ANYBODY = 1000;
/** For each room that users of both are in, up to as many again. */
const FOR_A_ROOM = 50;
const MOST_FOR_ROOMS = 1000;
/** However much a limit was raised: half a GiB on the disk at the very most, as a rule 8 MiB. */
const MOST_EVENTS = 8000;
const MOST_FACTOR = 8;
/** Servers whose limits are raised at a time. */
const MOST_RAISED = 20;
/** So long a raise lasts. A server that is limited all the same is looked at again, and no insisting makes it longer. */
export const RAISED_MS = 6 * HOUR_MS;
/** After so long without a 429 what was counted is over. */
export const LIMITED_MS = HOUR_MS;
const FORGOTTEN_MS = 7 * 24 * HOUR_MS;
/** Of an event so many are no chance any more. */
const MANY_TRIES = 3;
/** Of more than one in so many we think that they should not have been sent. */
const FEW_STUCK = 2;
const FEW_REFUSED = 10;
/** Events among which refused ones are counted. */
const LATELY = 20_000;
/** Servers of which it is known when a 429 was written down last. */
const MOST_NOTED = 1000;

/** What keeps a server's limits as they are, in words; undefined where they may be raised. */
export type Hindrance = string | undefined;

interface Noted {
  readonly at: number;
  /** Answers of 429 that are not written down yet. */
  readonly times: number;
}

/**
 * How much of a server may wait here, and how often it was told to come later. Those that share rooms with us may have more,
 * and the doctor raises it further where it does not do and what they send is in order. All of it is in the database, so that
 * every process sees it; it is read where a limit is reached, and else by nobody.
 */
export class Allowances {
  readonly #rooms: Pick<RoomsParts, 'db' | 'clock' | 'nids' | 'serverName'>;
  readonly #noted = new Map<number, Noted>();

  constructor(rooms: Pick<RoomsParts, 'db' | 'clock' | 'nids' | 'serverName'>) {
    this.#rooms = rooms;
  }

  /** Whether more events of a server may wait, where so many do. */
  async mayWait(originNid: number, waiting: number): Promise<boolean> {
    return waiting < OF_ANYBODY || waiting < (await this.events(originNid));
  }

  /** How many events of a server may wait. */
  async events(originNid: number): Promise<number> {
    const forRooms = (await this.#mostlyStuck(originNid))
      ? 0
      : Math.min(MOST_FOR_ROOMS, FOR_A_ROOM * (await this.#shared(originNid)));
    return Math.min(MOST_EVENTS, (OF_ANYBODY + forRooms) * (await this.factor(originNid)));
  }

  /** By what its limits are raised now. */
  async factor(originNid: number): Promise<number> {
    const { db, clock } = this.#rooms;
    const row = await allowanceOf(db, originNid);
    return row !== undefined && row.raised_at > clock.now() - RAISED_MS ? row.factor : 1;
  }

  /** A server is told to come later. Written down once a minute: it may be told so a thousand times. */
  async limited(originNid: number): Promise<void> {
    const { db, clock } = this.#rooms;
    const now = clock.now();
    const { at, times } = this.#noted.get(originNid) ?? { at: 0, times: 0 };
    if (now - at < MINUTE_MS) return this.#note(originNid, { at, times: times + 1 });
    this.#note(originNid, { at: now, times: 0 });
    await db.tx(async tx => {
      await addLimited(tx, originNid, { times: times + 1, now, pauseMs: LIMITED_MS });
      await pruneAllowances(tx, now - FORGOTTEN_MS);
    });
  }

  #note(originNid: number, what: Noted): void {
    this.#noted.delete(originNid);
    this.#noted.set(originNid, what);
    const [oldest] = this.#noted.keys();
    if (this.#noted.size > MOST_NOTED && oldest !== undefined) this.#noted.delete(oldest);
  }

  /** What speaks against raising a server's limits. */
  async hindrance(originNid: number): Promise<Hindrance> {
    const { db, clock } = this.#rooms;
    if ((await this.#shared(originNid)) === 0) return 'we are in no room together';
    if (await this.#mostlyStuck(originNid))
      return 'most of what waits of it cannot be taken in: more would help nobody';
    const { events, refused } = await latelyRefused(db, originNid, LATELY);
    if (refused * FEW_REFUSED > events) return `${refused} of its last ${events} events are against the rules`;
    if ((await this.factor(originNid)) >= MOST_FACTOR) return 'they are as high as they may be';
    const others = await countRaised(db, clock.now() - RAISED_MS);
    return others >= MOST_RAISED ? `those of ${others} servers are raised already` : undefined;
  }

  /** Doubles a server's limits for some hours, where nothing speaks against it. Answers by what they are raised then. */
  async raise(originNid: number): Promise<number> {
    const { db, clock } = this.#rooms;
    const factor = await this.factor(originNid);
    if ((await this.hindrance(originNid)) !== undefined) return factor;
    await db.tx(tx => setFactor(tx, originNid, factor * 2, clock.now()));
    return factor * 2;
  }

  async #shared(originNid: number): Promise<number> {
    const { db, nids, serverName } = this.#rooms;
    const own = await nids.domains.findOne(db, serverName);
    return own === undefined ? 0 : roomsOfBoth(db, originNid, own, MOST_FOR_ROOMS / FOR_A_ROOM);
  }

  /** What others cannot give us, or nobody: such a server makes events up, or is as lost as we are. */
  async #mostlyStuck(originNid: number): Promise<boolean> {
    const { events, stuck } = await waitingOf(this.#rooms.db, originNid, MANY_TRIES);
    return stuck * FEW_STUCK > events;
  }
}
