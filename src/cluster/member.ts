import { aborted, type Clock, sleep } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Bus } from '../bus/bus.ts';
import { type Database, FencedError } from '../db/database.ts';
import { ConnectionShare, LEAST_CONNECTIONS } from './connection-share.ts';
import { allLeases, releaseLease, takeLeases } from './lease.table.ts';
import type { Leases, Workers } from './leases.ts';
import { Others, type Standing } from './others.ts';
import {
  databaseTime,
  departedProcesses,
  fenceText,
  insertProcess,
  keepProcess,
  livingProcesses,
  type Moment,
  removeProcess,
  silentProcesses,
} from './process.table.ts';
import type { Role } from './roles.ts';
import { Work } from './work.ts';

export interface MemberParts {
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the process: the same after a restart, so that it gets back what it had. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** The most connections to the database of all processes together. */
  readonly connections: number;
  /** For tests: what time it is for all processes; else the database says. */
  readonly now?: () => Moment;
}

/** A process that has not said for so long that it lives loses what it holds. */
export const LIFE_MS = 6000;
export const BEAT_MS = 2000;
/** On the bus: somebody came, went, or gave something away. */
const CHANGED = 'cluster-changed';
/** On the bus: a piece of work that shall begin anew, by the name of its lease. */
const RENEWED = 'cluster-work-renewed';

/**
 * This process among those that share its database. It says that it lives, does the work whose leases are its own, takes
 * over from those that are silent, and hands on what belongs to others that came. All that the processes know of each
 * other stands in the database, and the time is the database's.
 *
 * Whoever was held for dead cannot write any more (`PostgresDatabase.fence`): each transaction of a process holds a lock
 * that has to be free before its work is taken away, and begins with a look whether it still lives. So a process that
 * slept, and a transaction that was under way, come too late in whole, and not only for the rows that they know of.
 */
export class Member implements Leases, AsyncDisposable {
  readonly #parts: MemberParts;
  readonly #work = new Map<string, Work>();
  readonly #stop = new AbortController();
  readonly #connections: ConnectionShare;
  readonly #others: Others;
  #loop: Promise<void> | undefined;
  #hint = new AbortController();
  /** The number of this life; undefined before the first beat, and after this process was held for dead. */
  #nid: number | undefined;
  /** Until then nobody else can have taken what is ours, by the clock of this process. */
  #safeUntil = Number.NEGATIVE_INFINITY;
  /** What this life of the process said of itself the last time. */
  #told = '';
  address: string | undefined;
  #isDraining = false;

  constructor(parts: MemberParts) {
    this.#parts = parts;
    this.#connections = new ConnectionShare(parts.connections);
    this.#others = new Others(parts.db);
    parts.db.allow?.(LEAST_CONNECTIONS);
  }

  /** Joins the others, and from then on says that this process lives. @throws DatabaseUnavailableError */
  async start(): Promise<void> {
    this.#hint = new AbortController();
    await this.beat();
    this.#loop = this.#run();
  }

  /**
   * Says that this process is about to end, and gives what it does to the others as far as there are any who would do it.
   * Answers how many others there are. @throws DatabaseUnavailableError
   */
  async drain(): Promise<number> {
    this.#isDraining = true;
    this.#hint.abort();
    return (await this.others()).processes.filter(({ nid }) => nid !== this.#nid).length;
  }

  get nid(): number | undefined {
    return this.#nid;
  }

  holds(name: string): boolean {
    return this.#work.get(name)?.isRunning === true && this.#parts.clock.monotonic() < this.#safeUntil;
  }

  async hold(name: string, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const failed = (error: unknown) =>
      this.#parts.log.error('Work of the cluster failed; it begins anew.', { work: name, err: error });
    const one = new Work(work, failed);
    this.#work.set(name, one);
    this.#hint.abort();
    await aborted(signal);
    await one.close(() => this.#release(name));
    this.#work.delete(name);
  }

  renew(name: string): void {
    this.#parts.bus.publish(RENEWED, name);
  }

  async workers(): Promise<Workers> {
    const { processes, leases } = await this.others();
    const names = new Map(processes.map(({ nid, name }) => [nid, name]));
    const holders = [...leases].flatMap(([lease, nid]) => {
      const name = names.get(nid);
      // That of a process which is silent is nobody's.
      return name === undefined ? [] : [[lease, name] as const];
    });
    return { holders: new Map(holders), departed: await departedProcesses(this.#parts.db) };
  }

  /** Who shares the database, and who does what. */
  async others(): Promise<Standing> {
    const { db } = this.#parts;
    return { processes: await livingProcesses(db, this.#now()), leases: await allLeases(db) };
  }

  /** How many processes lived at the last beat, this one among them. */
  get living(): number {
    return this.#others.living;
  }

  async #run(): Promise<void> {
    const { bus, clock, log } = this.#parts;
    const look = () => {
      this.#others.forget();
      this.#hint.abort();
    };
    using _ = bus.subscribe(CHANGED, look);
    // It begins again with the next beat.
    using __ = bus.subscribe(RENEWED, name => void this.#work.get(name)?.end());
    for (;;) {
      await sleep(clock, BEAT_MS, AbortSignal.any([this.#stop.signal, this.#hint.signal]));
      if (this.#stop.signal.aborted) return;
      this.#hint = new AbortController();
      // A database that does not answer at all lets a beat wait for as long as it likes.
      const overdue = clock.after(this.#safeUntil - clock.monotonic(), () => void this.#lose());
      await this.beat().catch((error: unknown) => {
        log.warn('The database cannot be told that this process lives.', { err: error });
        if (clock.monotonic() >= this.#safeUntil) void this.#lose();
      });
      overdue.cancel();
    }
  }

  /** Says that this process lives, and looks what is to be taken over or given away. */
  async beat(): Promise<void> {
    const { db, clock } = this.#parts;
    const began = clock.monotonic();
    if (this.#nid === undefined || !(await this.#keep(this.#nid))) await this.#join();
    this.#safeUntil = began + LIFE_MS;
    const silent = await silentProcesses(db, this.#now());
    for (const { nid, name } of silent) await this.#bury(nid, name);
    await this.#share(new Set(silent.map(({ nid }) => nid)));
  }

  async #keep(nid: number): Promise<boolean> {
    const said = this.#said();
    const text = JSON.stringify(said);
    try {
      const isNews = text !== this.#told;
      const isKept = await this.#parts.db.tx(tx => keepProcess(tx, nid, said, isNews, this.#now(), LIFE_MS));
      this.#told = text;
      return isKept;
    } catch (error) {
      if (error instanceof FencedError) return false;
      throw error;
    }
  }

  #said() {
    const open = [...this.#work].flatMap(([name, work]) => (work.isClosed ? [] : [name]));
    const isDraining = this.#isDraining;
    return { address: this.address ?? null, offers: isDraining ? [] : open, isDraining };
  }

  /** Work of an earlier life has ended before this process may write again. */
  async #join(): Promise<void> {
    const { db, name, roles, log } = this.#parts;
    if (this.#nid !== undefined) log.error('Others held this process for dead. It begins anew.', { name });
    await this.#lose();
    db.fence(undefined);
    const nid = await db.tx(tx => insertProcess(tx, { name, roles, ...this.#said() }, this.#now(), LIFE_MS));
    this.#nid = nid;
    this.#told = '';
    db.fence(fenceText(nid));
    this.#changed();
  }

  /** What was held here belongs to others by now: all of it ends at once. */
  async #lose(): Promise<void> {
    this.#safeUntil = Number.NEGATIVE_INFINITY;
    await Promise.all([...this.#work.values()].map(work => work.end()));
  }

  async #bury(nid: number, name: string): Promise<void> {
    const { db, log } = this.#parts;
    if (!(await db.tx(tx => removeProcess(tx, db, nid, this.#now())))) return;
    log.warn('A process of the cluster is silent. Others take over what it did.', { name, nid });
    this.#changed();
  }

  /** Takes what is free and ours, and gives away what is somebody else's. */
  async #share(silent: ReadonlySet<number>): Promise<void> {
    const { db, clock } = this.#parts;
    const self = this.#nid;
    if (self === undefined) return;
    const { leases: found } = await this.#others.look(silent);
    db.allow?.(this.#connections.among(this.living, clock.monotonic()));
    const owners = new Map([...this.#work.keys()].map(name => [name, this.#others.ownerOf(name)]));
    const wanted = [...owners].flatMap(([name, owner]) => (owner === self && !found.has(name) ? [name] : []));
    if (wanted.length > 0) await db.tx(tx => takeLeases(tx, wanted, self, this.#now()));
    const { leases } = wanted.length > 0 ? await this.#others.look(silent) : { leases: found };
    for (const [name, work] of this.#work) {
      const owner = owners.get(name);
      if (leases.get(name) !== self) void work.end();
      else if (owner === self || owner === undefined) work.begin();
      else void work.end(() => this.#release(name));
    }
  }

  /** Gives a lease back. Never rejects: at worst others wait until this process has gone. */
  async #release(name: string): Promise<void> {
    const { db, log } = this.#parts;
    const nid = this.#nid;
    if (nid === undefined) return;
    try {
      await db.tx(tx => releaseLease(tx, name, nid));
      this.#changed();
    } catch (error) {
      log.warn('A lease could not be given back.', { name, err: error });
    }
  }

  #changed(): void {
    this.#parts.bus.publish(CHANGED);
  }

  #now(): Moment {
    return this.#parts.now?.() ?? databaseTime(this.#parts.db);
  }

  /** Goes: what is held is free for others at once. The work has ended before. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { db, log } = this.#parts;
    this.#stop.abort();
    await this.#loop;
    await this.#lose();
    const nid = this.#nid;
    if (nid === undefined) return;
    await db
      .tx(tx => removeProcess(tx, db, nid))
      .catch((error: unknown) => log.warn('The database cannot be told that this process ends.', { err: error }));
    this.#changed();
  }
}
