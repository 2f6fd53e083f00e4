import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { BudgetFullError } from '../base/budget-account.ts';
import { QueueFullError } from '../base/keyed-queue.ts';
import type { Log } from '../base/log.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { DatabaseUnavailableError } from '../db/database.ts';
import { sendJson } from './send-json.ts';

/** Maps whatever a handler threw to the answer that the specification wants: never a stack, never an empty body. */
export function answerError(log: Log, error: unknown, request: FastifyRequest, answer: FastifyReply): FastifyReply {
  const known = asMatrixError(error);
  if (known === undefined) {
    log.error('A request failed in a way that nobody foresaw.', { route: request.routeOptions.url, err: error });
    return sendJson(answer.code(500), { errcode: 'M_UNKNOWN', error: 'Internal server error' });
  }
  if (known.status >= 500) log.warn(known.message, { route: request.routeOptions.url });
  const retry = known.fields.retry_after_ms;
  if (typeof retry === 'number') answer.header('retry-after', String(Math.ceil(retry / 1000)));
  return sendJson(answer.code(known.status), known);
}

function asMatrixError(error: unknown): MatrixError | undefined {
  if (error instanceof MatrixError) return error;
  if (error instanceof DatabaseUnavailableError) {
    return new MatrixError('M_UNKNOWN', 'The server cannot write to its database at the moment; nothing was stored.', {
      status: 503,
      fields: { retry_after_ms: 5000 },
      cause: error,
    });
  }
  if (error instanceof QueueFullError) {
    return new MatrixError('M_LIMIT_EXCEEDED', 'Too many requests wait for this room.', {
      fields: { retry_after_ms: 2000 },
      cause: error,
    });
  }
  if (error instanceof BudgetFullError) {
    return new MatrixError('M_LIMIT_EXCEEDED', 'The server has no memory left for this at the moment.', {
      fields: { retry_after_ms: error.retryAfterMs },
      cause: error,
    });
  }
  return fromFramework(error as Partial<FastifyError>);
}

function fromFramework(error: Partial<FastifyError>): MatrixError | undefined {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new MatrixError('M_TOO_LARGE', 'The body is too large.');
  // Fastify's words quote the whole address, with a token in its query.
  if (error.code === 'FST_ERR_BAD_URL')
    return new MatrixError('M_UNKNOWN', 'The path is not well encoded.', { status: 400 });
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new MatrixError('M_UNKNOWN', error.message ?? 'Bad request', { status: error.statusCode });
  }
  return undefined;
}
