import type { Clock } from '../../base/clock.ts';
import type { ServerName } from '../../core/ids.ts';

/** Servers that are remembered: those that answered last. */
const MOST = 100;

/** By how much the clocks of other servers are ahead of ours, by the header `Date` of their last answers (to the second). */
export class ClockSamples {
  readonly #clock: Clock;
  readonly #offsets = new Map<ServerName, number>();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  note(server: ServerName, date: string | undefined): void {
    const time = Date.parse(date ?? '');
    if (Number.isNaN(time)) return;
    this.#offsets.delete(server);
    this.#offsets.set(server, time - this.#clock.now());
    const [oldest] = this.#offsets.keys();
    if (this.#offsets.size > MOST && oldest !== undefined) this.#offsets.delete(oldest);
  }

  /** How many servers there are, and the one in the middle of them: a few that are wrong count for nothing. */
  median(): { readonly servers: number; readonly aheadMs: number } {
    const sorted = [...this.#offsets.values()].sort((a, b) => a - b);
    return { servers: sorted.length, aheadMs: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0 };
  }
}
