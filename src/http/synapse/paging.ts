import type { Query } from '../query.ts';

/** The stretch of a list that is asked for. */
export interface Paging {
  readonly from: number;
  readonly limit: number;
}

const DEFAULT_LIMIT = 100;
const MOST = 1000;

/** `from` and `limit` as all lists of this API have them. A limit of 0 is for those who want to know the total alone. @throws MatrixError M_INVALID_PARAM */
export function pagingOf(query: Query): Paging {
  return {
    from: query.integer('from', { fallback: 0, max: Number.MAX_SAFE_INTEGER }),
    limit: query.integer('limit', { fallback: DEFAULT_LIMIT, max: MOST }),
  };
}

/** Where the next page begins; undefined on the last one. */
export function nextOf({ from }: Paging, shown: number, total: number): number | undefined {
  return shown > 0 && from + shown < total ? from + shown : undefined;
}
