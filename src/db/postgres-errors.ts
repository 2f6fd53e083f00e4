import { DatabaseUnavailableError } from './database.ts';

/** Serialization failure, deadlock: the transaction is run again. */
const RETRIED = new Set(['40001', '40P01']);
/** Disk full, out of memory, too many connections, shutting down, read-only, a statement that took too long, no connection. */
const UNAVAILABLE = new Set([
  '53100',
  '53200',
  '53300',
  '57014',
  '57P01',
  '57P02',
  '57P03',
  '25006',
  '25P03',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);
/** What the driver says of a connection that is gone; it gives these no code. */
const GONE = /^Connection terminated|connection error and is not queryable|^Query read timeout|when trying to connect/;

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

export function isRetried(error: unknown): boolean {
  return RETRIED.has(codeOf(error) ?? '');
}

/** A statement was prepared before somebody changed the columns that it answers: another connection has no such plan. */
export function isStalePlan(error: unknown): error is Error {
  return codeOf(error) === '0A000' && /cached plan/.test((error as Error).message);
}

/** @throws what it is for the callers of the database */
export function explain(error: unknown): never {
  const code = codeOf(error) ?? '';
  // Class 08 is trouble with the connection.
  const isUnavailable =
    UNAVAILABLE.has(code) ||
    code.startsWith('08') ||
    (code === '' && error instanceof Error && GONE.test(error.message));
  if (isUnavailable) throw new DatabaseUnavailableError(`PostgreSQL cannot answer: ${error}`, error);
  throw error;
}
