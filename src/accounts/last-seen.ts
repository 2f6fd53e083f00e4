import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Database } from '../db/database.ts';
import { setLastSeen } from './device.table.ts';

const EVERY_MS = 60_000;
/** About 2 MiB; a device beyond that is noted at its next request. */
const MAX_WAITING = 10_000;
/** What a client says of itself is cut to this many characters. */
const MAX_USER_AGENT = 300;

export interface Sighting {
  readonly userNid: number;
  readonly deviceId: string;
  readonly ip: string;
  readonly userAgent: string | undefined;
  readonly ts: number;
}

/**
 * When and from where devices were last seen: kept in memory and written for all of them together, once a minute. Whoever
 * asks meanwhile is told what waits here.
 */
export class LastSeen {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #log: Log;
  #waiting = new Map<string, Sighting>();
  /** What is on its way into the database. */
  #writing: ReadonlyMap<string, Sighting> = new Map();
  #timer: Timer | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor(db: Database, clock: Clock, log: Log) {
    this.#db = db;
    this.#clock = clock;
    this.#log = log;
  }

  note(userNid: number, deviceId: string, ip: string, userAgent: string | undefined): void {
    const key = keyOf(userNid, deviceId);
    if (this.#waiting.size >= MAX_WAITING && !this.#waiting.has(key)) return;
    const agent = userAgent?.slice(0, MAX_USER_AGENT).toWellFormed();
    this.#waiting.set(key, { userNid, deviceId, ip, userAgent: agent, ts: this.#clock.now() });
    this.#timer ??= this.#clock.after(EVERY_MS, () => void this.flush());
  }

  /** The newest that this process knows of and the database may not. */
  unwritten(userNid: number, deviceId: string): Sighting | undefined {
    const key = keyOf(userNid, deviceId);
    return this.#waiting.get(key) ?? this.#writing.get(key);
  }

  /** Writes what waits; resolves when that and what was being written is done. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const sightings = this.#waiting;
    this.#waiting = new Map();
    this.#writing = new Map([...this.#writing, ...sightings]);
    this.#written = this.#written.then(() => this.#write([...sightings.values()])).then(() => this.#forget(sightings));
    return this.#written;
  }

  #forget(written: ReadonlyMap<string, Sighting>): void {
    const isWritten = (key: string, sighting: Sighting) => written.get(key) === sighting;
    this.#writing = new Map([...this.#writing].filter(([key, sighting]) => !isWritten(key, sighting)));
  }

  /** A failure is logged; the next sightings tell the same again. */
  async #write(sightings: Sighting[]): Promise<void> {
    if (sightings.length === 0) return;
    // In one order everywhere, so that two processes cannot wait for each other's rows.
    sightings.sort((a, b) => a.userNid - b.userNid || (a.deviceId < b.deviceId ? -1 : 1));
    try {
      await this.#db.tx(async tx => {
        for (const { userNid, deviceId, ip, userAgent, ts } of sightings) {
          await setLastSeen(tx, {
            user_nid: userNid,
            device_id: deviceId,
            last_seen_ts: ts,
            last_seen_ip: ip,
            user_agent: userAgent ?? null,
          });
        }
      });
    } catch (error) {
      this.#log.warn('When devices were last seen could not be written.', { devices: sightings.length, err: error });
    }
  }
}

function keyOf(userNid: number, deviceId: string): string {
  return `${userNid} ${deviceId}`;
}
