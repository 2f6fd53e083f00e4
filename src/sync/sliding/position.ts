import { MatrixError } from '../../core/matrix-error.ts';
import { formatLogToken, type LogToken, parseLogToken } from '../../rooms/log-token.ts';

/**
 * What `pos` says: how far in the logs the client is, what it knows (the name of a row of `sliding_position`), and what
 * it asked for, as a short hash. Written as a token of `/sync` with the other two behind, so that it is one for
 * `/messages` as well.
 */
export interface SlidingPosition {
  readonly log: LogToken;
  readonly name: string;
  /** Empty: not all that was asked for did fit into the answer. */
  readonly rules: string;
}

const BETWEEN = '~';

export function formatPosition({ log, name, rules }: SlidingPosition): string {
  return [formatLogToken(log), name, rules].join(BETWEEN);
}

/** @throws MatrixError M_UNKNOWN_POS */
export function parsePosition(text: string): SlidingPosition {
  const [log = '', name, rules, ...more] = text.split(BETWEEN);
  if (name === undefined || rules === undefined || more.length > 0 || name.length > 16 || rules.length > 16)
    throw unknownPosition();
  try {
    return { log: parseLogToken(log), name, rules };
  } catch (error) {
    if (error instanceof MatrixError) throw unknownPosition();
    throw error;
  }
}

/** The client starts anew. */
export function unknownPosition(): MatrixError {
  return new MatrixError('M_UNKNOWN_POS', 'This position is none of your connection, or too old: sync without one.');
}
