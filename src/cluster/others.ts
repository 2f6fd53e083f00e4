import type { Database } from '../db/database.ts';
import { allLeases } from './lease.table.ts';
import { allProcesses, clusterVersion, type ProcessRow } from './process.table.ts';
import { preferred } from './rendezvous.ts';

/** Who shares the database, and who does what. */
export interface Standing {
  readonly processes: readonly ProcessRow[];
  /** By name of a lease: the number of the process that holds it. */
  readonly leases: ReadonlyMap<string, number>;
}

/**
 * What a process knows of all of them, itself among them. It is read when the number of changes in the database is another one
 * than before, and not at each beat: with many processes all of them would read all of it all the time.
 */
export class Others {
  readonly #db: Database;
  #version: number | undefined;
  #all: Standing = { processes: [], leases: new Map() };
  #silent: ReadonlySet<number> = new Set();
  readonly #owners = new Map<string, number | undefined>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Reads it at the next look, whatever the number says: processes of earlier versions do not count their changes. */
  forget(): void {
    this.#version = undefined;
  }

  /** `silent`: those that do not count, though they are still there. */
  async look(silent: ReadonlySet<number>): Promise<Standing> {
    // The number comes first: what changes meanwhile is read once more.
    const version = await clusterVersion(this.#db);
    const isNews = version !== this.#version;
    if (isNews) this.#all = { processes: await allProcesses(this.#db), leases: await allLeases(this.#db) };
    if (isNews || silent.size > 0 || this.#silent.size > 0) this.#owners.clear();
    [this.#version, this.#silent] = [version, silent];
    return { processes: this.#living, leases: this.#all.leases };
  }

  get living(): number {
    return this.#living.length;
  }

  /** The process to which a piece of work belongs, of those that would do it. */
  ownerOf(name: string): number | undefined {
    if (!this.#owners.has(name)) this.#owners.set(name, ownerAmong(name, this.#living));
    return this.#owners.get(name);
  }

  get #living(): readonly ProcessRow[] {
    const { processes } = this.#all;
    return this.#silent.size === 0 ? processes : processes.filter(({ nid }) => !this.#silent.has(nid));
  }
}

function ownerAmong(name: string, processes: readonly ProcessRow[]): number | undefined {
  const offering = processes.filter(({ offers }) => offers.includes(name));
  // Of two lives of one process the later one counts.
  const byName = new Map(offering.map(process => [process.name, process.nid]));
  const best = preferred(name, byName.keys());
  return best === undefined ? undefined : byName.get(best);
}
