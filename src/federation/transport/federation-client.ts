import type { IncomingMessage } from 'node:http';
import type { Budget } from '../../base/budget.ts';
import { type Account, BudgetFullError } from '../../base/budget-account.ts';
import type { Clock } from '../../base/clock.ts';
import type { Identity } from '../../core/identity.ts';
import type { ServerName } from '../../core/ids.ts';
import { getInteger, getString, isObject, type Json, JsonError, type JsonObject, parseJson } from '../../core/json.ts';
import type { ServerAcl } from '../../core/server-acl.ts';
import { signRequest } from '../../core/xmatrix.ts';
import { type BodyLimits, bodyOf, wholeBody } from './answer-body.ts';
import type { ClockSamples } from './clock-samples.ts';
import { ConnectionPool } from './connection-pool.ts';
import { Deadline } from './deadline.ts';
import { DialError, type Dialer } from './dialer.ts';
import type { Discovery } from './discovery.ts';
import { RefusedError, reasonOf, type Stage, UnreachableError } from './errors.ts';
import { exchange, type HttpExchange } from './exchange.ts';
import { type QueryValue, requestTarget } from './request-target.ts';
import { NoSlotError, Slots } from './slots.ts';

export interface FederationRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** Percent-encoded: see `path` in request-target.ts. */
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly body?: JsonObject;
  /** Until the whole answer is there (30 s unless said); with `stream`, until it begins. */
  readonly timeoutMs?: number;
  /** A longer answer is an error. 10 MiB unless said. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  /** The type of answer that is wanted; JSON unless said. */
  readonly accept?: string;
  /** Key requests carry no signature, since whoever answers would have to ask for our keys first. */
  readonly unsigned?: boolean;
}

/** A 2xx answer whose body comes in pieces. It must be disposed of, read or not: it holds a connection. */
export interface StreamedAnswer extends AsyncDisposable {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  /** Reading fails with UnreachableError of stage `http`. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Brings a request to a server, and the answer once its head is there. `onConnected` of the request counts as well. */
export type Carry = (destination: ServerName, request: HttpExchange, signal: AbortSignal) => Promise<IncomingMessage>;

export interface FederationClientParts {
  readonly identity: Identity;
  readonly discovery: Discovery;
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly userAgent: string;
  /** Whom the operator lets this server talk to; everybody unless given. */
  readonly policy?: ServerAcl;
  /** For simulations of several servers: used instead of looking the server up and connecting to it. */
  readonly carry?: Carry | undefined;
  /** What answers are charged to while they come and are read. */
  readonly answers?: Account;
  /** What connections that are kept for later requests are charged to. */
  readonly budget: Budget;
  /** Where it is noted what time others have. */
  readonly clocks?: Pick<ClockSamples, 'note'>;
}

/** An answer is there as bytes, as text and as values. */
const ANSWER_FACTOR = 4;
const TIMEOUT_MS = 30_000;
const IDLE_MS = 30_000;
const MAX_BYTES = 10 * 1024 * 1024;
/** Of an answer that is no 2xx. */
const MAX_REFUSAL_BYTES = 64 * 1024;
/** Requests at once: each takes a connection of about 50 kB. */
const LIMITS = { total: 200, perKey: 8, waiting: 5000, waitingPerKey: 200 };

/** What has been reached when something fails. */
interface Progress {
  stage: Stage;
}

/** Requests to other servers: found, connected to, signed, and their answers judged. Redirects are never followed. */
export class FederationClient implements Disposable {
  readonly #parts: FederationClientParts;
  readonly #pool: ConnectionPool;
  readonly #slots = new Slots(LIMITS);

  constructor(parts: FederationClientParts) {
    this.#parts = parts;
    this.#pool = new ConnectionPool(parts);
  }

  /** The JSON of a 2xx answer. @throws UnreachableError, RefusedError, or the reason of `signal` */
  async request(destination: ServerName, request: FederationRequest): Promise<Json> {
    using deadline = new Deadline(this.#parts.clock, request.timeoutMs ?? TIMEOUT_MS, request.signal);
    const progress: Progress = { stage: 'policy' };
    try {
      await using opened = await this.#open(destination, request, deadline, progress);
      using held = this.#parts.answers?.hold(0);
      const bytes = await wholeBody(opened.response, limitsOf(request), this.#parts.clock, more =>
        held?.add(more * ANSWER_FACTOR),
      );
      return parseJson(bytes, 'lenient');
    } catch (error) {
      throw this.#explain(destination, error, deadline, progress);
    }
  }

  /** The same for answers that are too large to be held at once. */
  async stream(destination: ServerName, request: FederationRequest): Promise<StreamedAnswer> {
    using deadline = new Deadline(this.#parts.clock, request.timeoutMs ?? TIMEOUT_MS, request.signal);
    const progress: Progress = { stage: 'policy' };
    try {
      const { response, [Symbol.asyncDispose]: dispose } = await this.#open(destination, request, deadline, progress);
      const body = bodyOf(response, limitsOf(request), this.#parts.clock);
      return {
        status: response.statusCode ?? 0,
        header: name => response.headers[name]?.toString(),
        body: explained(body, error => new UnreachableError(destination, 'http', reasonOf(error), error)),
        [Symbol.asyncDispose]: dispose,
      };
    } catch (error) {
      throw this.#explain(destination, error, deadline, progress);
    }
  }

  /** Requests that run now, and connections that are kept for later ones. */
  get load(): { readonly running: number; readonly idle: number } {
    return { running: this.#slots.running, idle: this.#pool.idle };
  }

  [Symbol.dispose](): void {
    this.#pool.destroy();
  }

  /** Everything up to the head of a 2xx answer. */
  async #open(
    destination: ServerName,
    request: FederationRequest,
    deadline: Deadline,
    progress: Progress,
  ): Promise<AsyncDisposable & { readonly response: IncomingMessage }> {
    const { identity, policy } = this.#parts;
    if (destination === identity.serverName) throw new UnreachableError(destination, 'policy', 'this is our own name');
    if (policy?.allows(destination) === false)
      throw new UnreachableError(destination, 'policy', 'the settings federation.allow and federation.deny forbid it');
    const giveBack = await this.#slots.take(destination, deadline.signal);
    try {
      const onConnected = () => {
        progress.stage = 'http';
      };
      const sent = { ...this.#message(destination, request), onConnected };
      const response = await (this.#parts.carry?.(destination, sent, deadline.signal) ??
        this.#connect(destination, sent, deadline, progress));
      this.#parts.clocks?.note(destination, response.headers.date);
      if (!isSuccess(response)) throw await this.#refusal(destination, response);
      return {
        response,
        async [Symbol.asyncDispose]() {
          if (!response.readableEnded) response.destroy();
          giveBack();
        },
      };
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  async #connect(destination: ServerName, sent: HttpExchange, deadline: Deadline, progress: Progress) {
    progress.stage = 'dns';
    const route = await deadline.wait(this.#parts.discovery.resolve(destination));
    progress.stage = 'connect';
    return exchange(this.#pool, route, sent, deadline.signal);
  }

  #message(destination: ServerName, request: FederationRequest) {
    const { method, path, query, body, unsigned = false, accept = 'application/json' } = request;
    const { identity, userAgent } = this.#parts;
    const uri = requestTarget(path, query);
    const signed = { method, uri, origin: identity.serverName, destination, content: body };
    const headers = {
      accept,
      'user-agent': userAgent,
      ...(unsigned ? {} : { authorization: signRequest(signed, identity.signingKey) }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    return { method, uri, headers, body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)) };
  }

  async #refusal(server: ServerName, response: IncomingMessage): Promise<Error> {
    const status = response.statusCode ?? 0;
    if (status < 400) {
      response.destroy();
      return new UnreachableError(server, 'http', `it answers ${status}, which is no answer here`);
    }
    const limits = { maxBytes: MAX_REFUSAL_BYTES, idleMs: 5000 };
    const json = await wholeBody(response, limits, this.#parts.clock).then(lenientObject, () => ({}));
    const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
    return new RefusedError(server, {
      status,
      errcode: getString(json, 'errcode'),
      message: (getString(json, 'error') ?? response.statusMessage ?? '').slice(0, 500),
      retryAfterMs: getInteger(json, 'retry_after_ms') ?? (Number.isFinite(seconds) ? seconds * 1000 : undefined),
      body: json,
    });
  }

  /** A failure in the words of this class. What the caller aborted stays what it was. */
  #explain(server: ServerName, error: unknown, deadline: Deadline, { stage }: Progress): unknown {
    if (error instanceof UnreachableError || error instanceof RefusedError) return error;
    if (error instanceof DialError) {
      this.#parts.discovery.forget(server);
      return new UnreachableError(server, error.stage, error.message, error);
    }
    if (error instanceof NoSlotError || error instanceof BudgetFullError)
      return new UnreachableError(server, 'policy', error.message, error);
    if (error instanceof JsonError && stage === 'http')
      return new UnreachableError(server, 'http', `its answer is no JSON: ${error.message}`, error);
    // Not canonical JSON: the caller's own body.
    if (error instanceof JsonError) return error;
    if (deadline.wasAbortedByCaller) return deadline.signal.reason;
    // Time ran out while connecting: perhaps it is somewhere else now.
    if (stage === 'connect') this.#parts.discovery.forget(server);
    const cause = deadline.signal.aborted ? deadline.signal.reason : error;
    return new UnreachableError(server, stage, reasonOf(cause), cause);
  }
}

function limitsOf({ maxBytes = MAX_BYTES }: FederationRequest): BodyLimits {
  return { maxBytes, idleMs: IDLE_MS };
}

function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

/** A proxy's page is not a Matrix error, and says nothing. */
function lenientObject(bytes: Uint8Array): JsonObject {
  try {
    const json = parseJson(bytes, 'lenient');
    return isObject(json) ? json : {};
  } catch (error) {
    if (error instanceof JsonError) return {};
    throw error;
  }
}

async function* explained<T>(items: AsyncIterable<T>, explain: (error: unknown) => Error): AsyncGenerator<T, void> {
  try {
    yield* items;
  } catch (error) {
    throw explain(error);
  }
}
