/**
 * Shares the event loop among those who never have to wait for anything: work on answers that are there at once (SQLite) goes
 * on in one turn of the loop for as long as there is any, and timers, sockets and everybody else stand still meanwhile.
 * Counted instead of timed, so that a simulation goes the same way each time.
 */
export class LoopShare {
  readonly #perTurn: () => number;
  readonly #waiting: { readonly units: number; readonly resolve: () => void }[] = [];
  #spent = 0;
  #isTurnDue = false;

  /**
   * `perTurn`: what may be spent in one turn, in units of the caller's; more than 0, whatever it depends on. With less than one a
   * unit is spent every few turns.
   */
  constructor(perTurn: number | (() => number)) {
    this.#perTurn = typeof perTurn === 'number' ? () => perTurn : perTurn;
  }

  /** Spends units that are only known now: what they are too much is not taken back. */
  spend(units: number): void {
    this.#spent += units;
    this.#awaitTurn();
  }

  /** Spends units before they are used: at once (undefined), or when it is the caller's turn, in the order of asking. */
  take(units: number): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#spent < this.#perTurn()) {
      this.spend(units);
      return undefined;
    }
    return new Promise(resolve => this.#waiting.push({ units, resolve }));
  }

  #awaitTurn(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    setImmediate(() => this.#begin());
  }

  #begin(): void {
    this.#isTurnDue = false;
    const share = this.#perTurn();
    this.#spent = share < 1 ? Math.max(this.#spent - share, 0) : 0;
    // Counted before they go on, so that not all who wait find the share unspent.
    while (this.#spent < share && this.#waiting.length > 0) {
      const next = this.#waiting.shift()!;
      this.#spent += next.units;
      next.resolve();
    }
    if (this.#spent > 0) this.#awaitTurn();
  }
}
