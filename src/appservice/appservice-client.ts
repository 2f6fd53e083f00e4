import type { Clock } from '../base/clock.ts';
import { type Json, JsonError, parseJson } from '../core/json.ts';
import type { AppserviceAnswer, AppserviceTransport, OutgoingRequest } from './ports.ts';
import type { Registration } from './registration.ts';

/** How long an application service may take to answer, in milliseconds. */
export const ANSWER_MS = 30_000;

/** The application service did not answer within `ANSWER_MS`. */
export class NoAnswerError extends Error {
  constructor() {
    super(`no answer within ${ANSWER_MS / 1000} s`);
    this.name = 'NoAnswerError';
  }
}

export interface ClientParts {
  readonly transport: AppserviceTransport;
  readonly clock: Clock;
}

/** Requests to one application service (application service API, "Homeserver -> Application Service API"). */
export class AppserviceClient {
  readonly #transport: AppserviceTransport;
  readonly #clock: Clock;
  readonly #url: string;
  readonly #token: string;

  constructor(parts: ClientParts, url: string, hsToken: string) {
    this.#transport = parts.transport;
    this.#clock = parts.clock;
    this.#url = url;
    this.#token = hsToken;
  }

  /** Undefined for one that has no address. */
  static of(parts: ClientParts, { url, hsToken }: Registration): AppserviceClient | undefined {
    return url === undefined ? undefined : new AppserviceClient(parts, url, hsToken);
  }

  /** `path` below `/_matrix/app/v1/`. @throws NoAnswerError, and whatever a connection fails with */
  async call(
    method: OutgoingRequest['method'],
    path: string,
    body?: string,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<AppserviceAnswer> {
    const late = new AbortController();
    const timer = this.#clock.after(ANSWER_MS, () => late.abort());
    const request = { method, url: `${this.#url}/_matrix/app/v1/${path}`, token: this.#token };
    try {
      return await this.#transport.send(
        body === undefined ? request : { ...request, body },
        AbortSignal.any([signal, late.signal]),
      );
    } catch (error) {
      if (late.signal.aborted) throw new NoAnswerError();
      throw error;
    } finally {
      timer.cancel();
    }
  }
}

/** The JSON of a successful answer; undefined for any other. */
export function jsonOf({ status, body }: AppserviceAnswer): Json | undefined {
  if (status !== 200) return undefined;
  try {
    return parseJson(body, 'lenient');
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}
