import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Bus } from '../../bus/bus.ts';
import type { ServerName } from '../../core/ids.ts';
import type { Database, Tx } from '../../db/database.ts';
import type { Nids } from '../../rooms/nids.table.ts';
import type { PaceSettings } from '../keys/fetch-pace.ts';
import { RefusedError, UnreachableError } from '../transport/errors.ts';
import {
  type DeviceServer,
  deviceServer,
  dueServers,
  forgetServer,
  putDeviceServer,
  scheduleServer,
} from './device-server.table.ts';

export interface ListServersParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly pace: PaceSettings;
}

/** A hint that lists are wanted: see `ListResync`. */
export const LISTS_WANTED_SUBJECT = 'device-lists-wanted';

/** What makes us want lists anew comes in bursts: they are waited for. */
const GATHER_MS = 2000;
/** A server that did not answer is left alone for so long even when clients ask. */
const REST_MS = 60_000;

/** When servers are asked for device lists again, on the disk: a restart neither forgets nor hurries. */
export class ListServers {
  readonly #parts: ListServersParts;

  constructor(parts: ListServersParts) {
    this.#parts = parts;
  }

  /** What is known of a server that may be asked now. @throws UnreachableError when it did not answer a moment ago */
  async askable(server: ServerName, domainNid: number): Promise<DeviceServer | undefined> {
    const { db, clock } = this.#parts;
    const record = await deviceServer(db, domainNid);
    const now = clock.now();
    // What was tried in the future was tried while the clock was ahead.
    const isResting = record !== undefined && record.failures > 0 && record.tried <= now;
    if (isResting && now < Math.min(record.due, record.tried + REST_MS))
      throw new UnreachableError(server, 'policy', 'it did not answer a moment ago');
    return record;
  }

  /** @throws UnreachableError when the server did not answer a moment ago */
  async requireRested(server: ServerName): Promise<void> {
    const domainNid = await this.#parts.nids.domains.findOne(this.#parts.db, server);
    if (domainNid !== undefined) await this.askable(server, domainNid);
  }

  /** Servers that are to be asked now, those that wait longest first. */
  due(limit: number): Promise<DeviceServer[]> {
    const { db, clock, pace } = this.#parts;
    return dueServers(db, clock.now(), pace.longest, limit);
  }

  async failed(domainNid: number, earlier: number, error: UnreachableError | RefusedError): Promise<void> {
    const { db, clock, log, pace } = this.#parts;
    const wait = Math.min(pace.initial * pace.factor ** earlier, pace.longest);
    const told = error instanceof RefusedError ? Math.min(error.retryAfterMs ?? 0, pace.longest) : 0;
    const now = clock.now();
    log.debug(`Device lists are asked for again later: ${error.message}.`);
    const due = now + Math.max(wait, told);
    await db.tx(tx => putDeviceServer(tx, { domain_nid: domainNid, due, tried: now, failures: earlier + 1 }));
  }

  /** The server answers. `rest`: what is still wanted of it: nothing, the same once more, or also something else. */
  async answered(tx: Tx, domainNid: number, rest: 'nothing' | 'the same' | 'more'): Promise<void> {
    if (rest === 'nothing') return forgetServer(tx, domainNid);
    const due = this.#parts.clock.now() + (rest === 'more' ? 0 : GATHER_MS);
    await putDeviceServer(tx, { domain_nid: domainNid, due, tried: 0, failures: 0 });
    this.#wake(tx);
  }

  /** Lists of the servers are wanted. */
  async want(tx: Tx, domainNids: Iterable<number>): Promise<void> {
    const due = this.#parts.clock.now() + GATHER_MS;
    for (const domainNid of domainNids) await scheduleServer(tx, domainNid, due);
    this.#wake(tx);
  }

  /** A server shows that it is there: what is wanted of it is asked for now, however often it did not answer. */
  async isAlive(server: ServerName): Promise<void> {
    const { db, nids, clock } = this.#parts;
    const domainNid = await nids.domains.findOne(db, server);
    const record = domainNid === undefined ? undefined : await deviceServer(db, domainNid);
    if (record === undefined || record.failures === 0) return;
    await db.tx(async tx => {
      await putDeviceServer(tx, { ...record, due: clock.now(), tried: 0, failures: 0 });
      this.#wake(tx);
    });
  }

  #wake(tx: Tx): void {
    tx.afterCommit(() => this.#parts.bus.publish(LISTS_WANTED_SUBJECT));
  }
}
