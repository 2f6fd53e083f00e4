import type { ServerName } from '../../core/ids.ts';
import { MatrixError, notFound } from '../../core/matrix-error.ts';
import { AnswerError } from '../transport/answer-body.ts';
import { DeadlineError } from '../transport/deadline.ts';
import { DialError } from '../transport/dialer.ts';
import { RefusedError, reasonOf, UnreachableError } from '../transport/errors.ts';
import { LookupError } from '../transport/resolver.ts';
import { MultipartError } from './multipart.ts';

/**
 * Whether a server said that it does not know an endpoint, rather than what was asked of it there. One that knows it
 * refuses with an error code; without one, something else has answered, which knows no better than that the request is bad.
 */
export function isUnknownEndpoint(error: unknown): boolean {
  if (!(error instanceof RefusedError)) return false;
  const { status, errcode } = error;
  return errcode === 'M_UNRECOGNIZED' || (errcode === undefined && UNKNOWING.has(status));
}

const UNKNOWING: ReadonlySet<number> = new Set([400, 404, 405]);

/** What a client is told of a file that could not be had; anything that is no fault of the other server stays as it is. */
export function asMediaError(error: unknown, origin: ServerName): unknown {
  if (error instanceof RefusedError) return ofRefusal(error, origin);
  const isTheirs =
    error instanceof UnreachableError ||
    error instanceof MultipartError ||
    error instanceof AnswerError ||
    error instanceof DialError ||
    error instanceof LookupError ||
    error instanceof DeadlineError;
  return isTheirs ? unavailable(origin, reasonOf(error), error) : error;
}

/** The origin's file cannot be had, for a reason that is the origin's. */
export function unavailable(origin: ServerName, reason: string, cause?: unknown): MatrixError {
  return new MatrixError('M_UNKNOWN', `The media of ${origin} cannot be fetched: ${reason}.`, { status: 502, cause });
}

export function tooLarge(maxBytes: number): MatrixError {
  return new MatrixError('M_TOO_LARGE', `The file is larger than the ${maxBytes} bytes that this server fetches.`, {
    status: 502,
  });
}

function ofRefusal(refusal: RefusedError, origin: ServerName): MatrixError {
  if (refusal.errcode === 'M_NOT_YET_UPLOADED')
    return new MatrixError('M_NOT_YET_UPLOADED', 'The content of this media ID has not been uploaded yet.');
  if (refusal.errcode === 'M_TOO_LARGE')
    return new MatrixError('M_TOO_LARGE', `${origin} finds the file too large to serve.`, { status: 502 });
  if (refusal.errcode === 'M_NOT_FOUND' || refusal.status === 404) return notFound(`${origin} has no such media.`);
  return unavailable(origin, `it refuses with ${refusal.status}`, refusal);
}
