import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Who waits for an answer, so that handlers hear of it when a client goes away or the server drains. One signal for each
 * request that asks for one: composing two (`AbortSignal.any`) costs an idle long-poll kilobytes.
 */
export class Departures {
  readonly #waiting = new Set<AbortController>();
  #isDraining = false;
  #reason: Error | undefined;

  signalFor(request: IncomingMessage, answer: ServerResponse): AbortSignal {
    const gone = new AbortController();
    if (this.#isDraining || (request.destroyed && !request.complete)) {
      gone.abort(this.#reason);
      return gone.signal;
    }
    this.#waiting.add(gone);
    answer.once('close', () => {
      this.#waiting.delete(gone);
      if (!answer.writableEnded) gone.abort();
    });
    return gone.signal;
  }

  /** Aborts what waits and what comes. With a reason they are to fail for it, without one to answer what they have. */
  drain(reason?: Error): void {
    this.#isDraining = true;
    this.#reason = reason;
    for (const gone of this.#waiting) gone.abort(reason);
  }

  /** Whoever comes from now on may stay. */
  reopen(): void {
    this.#isDraining = false;
    this.#reason = undefined;
  }
}
