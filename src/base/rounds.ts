import type { Clock, Timer } from './clock.ts';

/** Looks through what is due, and answers in how many milliseconds to look again; undefined: when it is woken. */
export type Round = () => Promise<number | undefined>;

/** Of several processes one does the work at a time: whether it is this one, and how the one that does it is told. */
export interface Turn {
  isOurs(): boolean;
  passOn(): void;
}

const ALWAYS: Turn = { isOurs: () => true, passOn: () => undefined };

/** Work that is done in rounds, one at a time. Disposing of it waits for the round that goes on. */
export class Rounds implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #round: Round;
  readonly #turn: Turn;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isWoken = false;
  #isClosed = false;

  /** `round` must not reject. */
  constructor(clock: Clock, round: Round, turn = ALWAYS) {
    this.#clock = clock;
    this.#round = round;
    this.#turn = turn;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Begins a round, or another one after the one that goes on: what it has passed already may be due by now. */
  wake(): void {
    if (this.#isClosed) return;
    if (this.#turn.isOurs()) this.#begin();
    else this.#turn.passOn();
  }

  /**
   * Told by another process that there is work, or by this one: begins a round and passes nothing on. Whoever listens does
   * the work, also while it cannot be sure of that: a word that is passed on to oneself goes round for ever.
   */
  heard(): void {
    if (!this.#isClosed) this.#begin();
  }

  #begin(): void {
    this.#isWoken = true;
    this.#timer?.cancel();
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    let wait: number | undefined;
    while (this.#isWoken && !this.#isClosed) {
      this.#isWoken = false;
      wait = await this.#round();
    }
    this.#running = undefined;
    if (!this.#isClosed && wait !== undefined) this.#timer = this.#clock.after(wait, () => this.wake());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#running;
  }
}
