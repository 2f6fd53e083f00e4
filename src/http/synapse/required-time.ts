import { invalidParam } from '../../core/matrix-error.ts';
import type { Query } from '../query.ts';

/** Before this nobody used Matrix: a time that is earlier was given in seconds. */
export const EARLIEST_MS = Date.UTC(2014, 0);

/** Milliseconds since the epoch, not before `earliest`. @throws MatrixError M_MISSING_PARAM, M_INVALID_PARAM */
export function requiredTime(query: Query, name: string, earliest = 0): number {
  const ts = Number(query.required(name));
  if (!Number.isSafeInteger(ts) || ts < earliest)
    throw invalidParam(`The query parameter ${name} must be a time in milliseconds.`);
  return ts;
}
