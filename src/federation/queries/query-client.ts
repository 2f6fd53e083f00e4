import type { Budget } from '../../base/budget.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import type { Clock } from '../../base/clock.ts';
import type { ServerName } from '../../core/ids.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { forbidden, MatrixError, notFound } from '../../core/matrix-error.ts';
import { RefusedError, UnreachableError } from '../transport/errors.ts';
import type { FederationClient, FederationRequest } from '../transport/federation-client.ts';

export interface QueryClientParts {
  readonly client: Pick<FederationClient, 'request'>;
  readonly clock: Clock;
  readonly budget: Budget;
}

/** A question without side effects. */
export interface Question extends Pick<FederationRequest, 'path' | 'query' | 'body'> {
  readonly method: 'GET' | 'POST';
  /** A longer answer is an error. */
  readonly maxBytes: number;
}

/** Users wait for the answer. */
const TIMEOUT_MS = 15_000;
/** A server that could not be reached is not tried for so long: each try holds a user up. */
const SILENCE_MS = 30_000;

interface Silence {
  readonly error: MatrixError;
  readonly until: number;
}

/** Asks other servers what users want to know, and says in the words of the client-server API why there is no answer. */
export class QueryClient {
  readonly #parts: QueryClientParts;
  readonly #silent: ByteCache<Silence>;

  constructor(parts: QueryClientParts) {
    this.#parts = parts;
    const { budget } = parts;
    this.#silent = new ByteCache({ name: 'query_silence', budget, weight: 5, sizeOf: () => 600 });
  }

  /**
   * The JSON object that a server answers; what is in it is the caller's to check.
   * @throws MatrixError M_NOT_FOUND, M_FORBIDDEN, M_UNKNOWN (502)
   */
  async ask(server: ServerName, question: Question): Promise<JsonObject> {
    const now = this.#parts.clock.now();
    const silence = this.#silent.get(server);
    if (silence !== undefined && silence.until > now) throw silence.error;
    try {
      const answer = await this.#parts.client.request(server, { ...question, timeoutMs: TIMEOUT_MS });
      if (isObject(answer)) return answer;
    } catch (error) {
      throw this.#explain(server, error);
    }
    throw senseless(server);
  }

  #explain(server: ServerName, error: unknown): unknown {
    if (error instanceof RefusedError) return ofRefusal(error);
    if (!(error instanceof UnreachableError)) return error;
    const told = new MatrixError('M_UNKNOWN', error.message, { status: 502, cause: error });
    // What came through but was no answer may be about the one question only.
    if (error.stage !== 'http') this.#silent.set(server, { error: told, until: this.#parts.clock.now() + SILENCE_MS });
    return told;
  }
}

/** What a server answered is not what was asked for. */
export function senseless(server: ServerName): MatrixError {
  return new MatrixError('M_UNKNOWN', `${server} answers what makes no sense.`, { status: 502 });
}

function ofRefusal(refusal: RefusedError): MatrixError {
  const { server, status } = refusal;
  if (status === 404) return notFound(`${server} does not know of it.`);
  if (status === 403) return forbidden(`${server} does not tell.`);
  return new MatrixError('M_UNKNOWN', `${server} refuses with ${status}.`, { status: 502, cause: refusal });
}
