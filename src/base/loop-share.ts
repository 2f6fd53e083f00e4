/**
 * Shares the event loop among those who never have to wait for anything: work on answers that are there at once (SQLite) goes
 * on in one turn of the loop for as long as there is any, and timers, sockets and everybody else stand still meanwhile.
 * Counted instead of timed, so that a simulation goes the same way each time.
 */
export class LoopShare {
  readonly #perTurn: number;
  #spent = 0;
  #turn: Promise<void> | undefined;

  /** `perTurn`: what may be spent in one turn, in units of the caller's. */
  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  get isSpent(): boolean {
    return this.#spent >= this.#perTurn;
  }

  spend(units: number): void {
    this.#spent += units;
    this.#turn ??= new Promise(resolve => setImmediate(() => this.#begin(resolve)));
  }

  /** Resolves when it is the caller's turn again, in the order of asking. */
  async wait(): Promise<void> {
    while (this.isSpent) await this.#turn;
  }

  #begin(resolve: () => void): void {
    this.#spent = 0;
    this.#turn = undefined;
    resolve();
  }
}
