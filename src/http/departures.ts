import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Who waits for an answer, so that handlers hear of it when a client goes away or the server drains. One signal for each
 * request that asks for one: composing two (`AbortSignal.any`) costs an idle long-poll kilobytes.
 */
export class Departures {
  readonly #waiting = new Set<AbortController>();
  #isDraining = false;

  signalFor(request: IncomingMessage, answer: ServerResponse): AbortSignal {
    const gone = new AbortController();
    if (this.#isDraining || (request.destroyed && !request.complete)) {
      gone.abort();
      return gone.signal;
    }
    this.#waiting.add(gone);
    answer.once('close', () => {
      this.#waiting.delete(gone);
      if (!answer.writableEnded) gone.abort();
    });
    return gone.signal;
  }

  /** Aborts what waits and what comes. */
  drain(): void {
    this.#isDraining = true;
    for (const gone of this.#waiting) gone.abort();
  }
}
