import { textIfReadable } from './if-readable.ts';

/** Kilobytes of pages of a process, and its part in them: one that three processes have in memory counts as a third. */
const ROLLUP = /^Rss:\s*(?<rss>\d+) kB\nPss:\s*(?<pss>\d+) kB$/m;

/** What `/proc/PID/smaps_rollup` says (proc_pid_smaps(5)), in bytes. Undefined where it cannot be read. */
export function readShares(
  pid: number | 'self',
  proc = '/proc',
): { readonly rss: number; readonly pss: number } | undefined {
  const { rss, pss } = ROLLUP.exec(textIfReadable(`${proc}/${pid}/smaps_rollup`) ?? '')?.groups ?? {};
  return rss === undefined || pss === undefined ? undefined : { rss: Number(rss) * 1024, pss: Number(pss) * 1024 };
}

/** The kernel walks through all pages for it: 2 ms, and what the processes of a board share changes when one comes or goes. */
const LOOK_MS = 10_000;

/** What others have in memory of what counts as resident here. */
export class SharedPages {
  readonly #read: typeof readShares;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #bytes = 0;

  constructor(read: typeof readShares = readShares) {
    this.#read = read;
  }

  /** In bytes. `now`: milliseconds of a clock that never goes back. */
  bytes(now: number): number {
    if (now - this.#lookedAt < LOOK_MS) return this.#bytes;
    this.#lookedAt = now;
    const { rss = 0, pss = 0 } = this.#read('self') ?? {};
    this.#bytes = rss - pss;
    return this.#bytes;
  }
}
