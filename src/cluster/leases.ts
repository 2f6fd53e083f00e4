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
}

/** The only process there is: it does everything, from the beginning to the end. */
export const soleLeases: Leases = {
  hold: (_name, work, signal) => work(signal),
  holds: () => true,
};
