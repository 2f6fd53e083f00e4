/** Work that one process of all those that share a database does at a time. */
export interface Leases {
  /**
   * Does `work` whenever the lease of that name is this process's. Its signal aborts when it has to end; until it has, no
   * other process begins. Work that ends by itself is not done again in the same turn. Resolves when `signal` has aborted
   * and nothing goes on any more.
   */
  hold(name: string, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Whether this process holds it now, as far as it can know without asking. */
  holds(name: string): boolean;
  /** Has a piece of work begin anew, at whoever does it: for work that stands still. */
  renew(name: string): void;
  /** Who does what; undefined where this process is the only one. */
  workers(): Promise<Workers | undefined>;
}

/** Who does what of the processes that are one server. */
export interface Workers {
  /** By the name of a lease: the process that holds it. */
  readonly holders: ReadonlyMap<string, string>;
  /** Those that were held for dead and have not come back. */
  readonly departed: readonly DepartedProcess[];
}

export interface DepartedProcess {
  readonly name: string;
  /** Empty: it did everything. */
  readonly roles: readonly string[];
  /** When it was given up, in milliseconds since 1970. */
  readonly ts: number;
}

/** The only process there is: it does everything, from the beginning to the end. */
export class SoleLeases implements Leases {
  readonly #turns = new Map<string, AbortController>();

  async hold(name: string, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    let turn: AbortController;
    do {
      turn = new AbortController();
      this.#turns.set(name, turn);
      await work(AbortSignal.any([signal, turn.signal]));
    } while (turn.signal.aborted && !signal.aborted);
    this.#turns.delete(name);
  }

  holds(): boolean {
    return true;
  }

  renew(name: string): void {
    this.#turns.get(name)?.abort();
  }

  async workers(): Promise<undefined> {
    return undefined;
  }
}
