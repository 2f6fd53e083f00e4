import { aborted } from '../base/clock.ts';
import type { Leases } from './leases.ts';

/** Which shares of a divided work are this process's. */
export interface Shares {
  owns(share: number): boolean;
  owned(): number[];
}

/** Work that is divided into shares with a lease each, so that processes do it side by side. */
export class DividedWork implements Shares {
  readonly #leases: Leases;
  readonly #name: string;
  readonly #count: number;

  constructor(leases: Leases, name: string, count: number) {
    this.#leases = leases;
    this.#name = name;
    this.#count = count;
  }

  owns(share: number): boolean {
    return this.#leases.holds(this.#lease(share));
  }

  owned(): number[] {
    return this.#all().filter(share => this.owns(share));
  }

  /** Calls `gained` whenever a share comes to this process, until `signal` aborts. Losing one needs no farewell. */
  async run(gained: () => void, signal: AbortSignal): Promise<void> {
    let isTold = false;
    const tell = () => {
      isTold = false;
      if (!signal.aborted) gained();
    };
    const work = (turn: AbortSignal) => {
      // Many come at once at the start.
      if (!isTold) queueMicrotask(tell);
      isTold = true;
      return aborted(turn);
    };
    await Promise.all(this.#all().map(share => this.#leases.hold(this.#lease(share), work, signal)));
  }

  #lease(share: number): string {
    return `${this.#name}-${share}`;
  }

  #all(): number[] {
    return Array.from({ length: this.#count }, (_, share) => share);
  }
}
