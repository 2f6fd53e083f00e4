import { type Appearance, type Appears, IDLE_MS, type PresenceState } from './user-presence.ts';

/** What another server says of one of its users. `lastActive`: milliseconds since the epoch. */
export interface Told {
  readonly presence: PresenceState;
  readonly lastActive: number;
  readonly statusMsg: string | undefined;
  readonly currentlyActive: boolean;
}

/** Servers say again how their users are, at least this often: whoever is not spoken of any more is gone. */
const TOLD_MS = 30 * 60_000;

/** What is known of one user of another server: what it said last. */
export class ToldPresence implements Appears {
  readonly #told: Told;
  readonly #until: number;

  constructor(told: Told, now: number) {
    this.#told = told;
    this.#until = now + TOLD_MS;
  }

  get lastActive(): number {
    return this.#told.lastActive;
  }

  get statusMsg(): string | undefined {
    return this.#told.statusMsg;
  }

  look(now: number): Appearance {
    const { presence, currentlyActive, lastActive } = this.#told;
    if (presence === 'offline' || now >= this.#until)
      return { presence: 'offline', currentlyActive: false, changesAt: undefined };
    const isActive = presence === 'online' && currentlyActive && now < lastActive + IDLE_MS;
    const changesAt = isActive ? Math.min(lastActive + IDLE_MS, this.#until) : this.#until;
    return { presence, currentlyActive: isActive, changesAt };
  }
}
