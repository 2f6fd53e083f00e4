import { getString } from '../../core/json.ts';
import { type Errcode, MatrixError } from '../../core/matrix-error.ts';
import { RefusedError, UnreachableError } from '../transport/errors.ts';

/** Another server answered, but not as the specification says. */
export class BadAnswerError extends Error {
  constructor(server: string, what: string, cause?: unknown) {
    super(`${server} answered what cannot be used: ${what}`, { cause });
    this.name = 'BadAnswerError';
  }
}

/** What another server's refusal means for our client. Anything else is a failure between the servers. */
const PASSED_ON: ReadonlySet<string | undefined> = new Set<Errcode>([
  'M_FORBIDDEN',
  'M_INVITE_BLOCKED',
  'M_NOT_FOUND',
  'M_UNABLE_TO_AUTHORISE_JOIN',
  'M_UNABLE_TO_GRANT_JOIN',
  'M_INCOMPATIBLE_ROOM_VERSION',
  'M_UNSUPPORTED_ROOM_VERSION',
]);

/**
 * The error for a client whose request another server did not fulfil; it says which server said what. Undefined for what
 * is no failure of the other server.
 */
export function remoteError(error: unknown): MatrixError | undefined {
  if (error instanceof MatrixError) return error;
  if (error instanceof UnreachableError || error instanceof BadAnswerError)
    return new MatrixError('M_UNKNOWN', `${error.message}.`, { status: 502, cause: error });
  if (!(error instanceof RefusedError)) return undefined;
  const { status, errcode, retryAfterMs, message } = error;
  if (status === 429)
    return new MatrixError('M_LIMIT_EXCEEDED', message, {
      fields: { retry_after_ms: retryAfterMs ?? 5000 },
      cause: error,
    });
  if (!PASSED_ON.has(errcode)) return new MatrixError('M_UNKNOWN', message, { status: 502, cause: error });
  const version = getString(error.body, 'room_version');
  const fields = version === undefined ? {} : { room_version: version };
  return new MatrixError(errcode as Errcode, message, { fields, cause: error });
}
