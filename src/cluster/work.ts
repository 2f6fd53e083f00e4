/** Work that begins and ends as a lease comes and goes. One turn has ended before the next begins. */
export class Work {
  readonly #work: (signal: AbortSignal) => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #turn: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
  #ending: Promise<void> | undefined;
  #isClosed = false;

  constructor(work: (signal: AbortSignal) => Promise<void>, failed: (error: unknown) => void) {
    this.#work = work;
    this.#failed = failed;
  }

  /** Whether a turn has begun and nobody has asked it to end. */
  get isRunning(): boolean {
    return this.#turn !== undefined && !this.#turn.stop.signal.aborted;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Begins a turn unless one goes on, also one that is ending. Work that failed begins anew. */
  begin(): void {
    if (this.#turn !== undefined || this.#isClosed) return;
    const stop = new AbortController();
    const done = this.#work(stop.signal).catch((error: unknown) => {
      if (stop.signal.aborted) return;
      this.#failed(error);
      this.#turn = undefined;
    });
    this.#turn = { stop, done };
  }

  /** Ends the turn, if there is one, and does `then` before another can begin. While it ends it is not ended again. */
  end(then: () => Promise<void> = async () => undefined): Promise<void> {
    this.#ending ??= this.#end(then).finally(() => {
      this.#ending = undefined;
    });
    return this.#ending;
  }

  async #end(then: () => Promise<void>): Promise<void> {
    const turn = this.#turn;
    if (turn === undefined) return;
    turn.stop.abort();
    await turn.done;
    await then();
    this.#turn = undefined;
  }

  /** The same, and no turn begins any more. */
  close(then?: () => Promise<void>): Promise<void> {
    this.#isClosed = true;
    return this.end(then);
  }
}
