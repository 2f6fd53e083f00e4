import { hash } from 'node:crypto';
import { lenientCanonicalJson } from '../core/canonical-json.ts';
import type { JsonObject } from '../core/json.ts';
import { MatrixError, notFound } from '../core/matrix-error.ts';
import { utf8Length } from '../core/utf8.ts';
import type { Database, Tx } from '../db/database.ts';
import { deleteFilters, deleteOldFilters, filterText, putFilter } from './filter.table.ts';
import type { Filter } from './filter-schema.ts';

/** The largest filter in bytes; one in the query of a sync is bounded by the length of URLs. */
export const MAX_FILTER_BYTES = 64 * 1024;
/** How many filters a user keeps: the newest. Clients that have lost one make it again. */
const MAX_FILTERS = 500;

/** Stored filters. Two that say the same are one. */
export class Filters {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The ID of a filter that has been checked against `FilterSchema`. @throws MatrixError M_TOO_LARGE */
  async store(userNid: number, filter: Filter): Promise<string> {
    const text = lenientCanonicalJson(filter as JsonObject);
    if (utf8Length(text) > MAX_FILTER_BYTES) {
      throw new MatrixError('M_TOO_LARGE', `A filter has at most ${MAX_FILTER_BYTES} bytes.`);
    }
    const nid = await this.#db.tx(async tx => {
      const stored = await putFilter(tx, userNid, hash('sha256', text, 'buffer'), text);
      await deleteOldFilters(tx, userNid, MAX_FILTERS);
      return stored;
    });
    return String(nid);
  }

  /** @throws MatrixError M_NOT_FOUND */
  async get(userNid: number, filterId: string): Promise<Filter> {
    const text = /^[1-9][0-9]{0,14}$/.test(filterId)
      ? await filterText(this.#db, userNid, Number(filterId))
      : undefined;
    if (text === undefined) throw notFound('There is no such filter.');
    return JSON.parse(text) as Filter;
  }

  removeAll(tx: Tx, userNid: number): Promise<void> {
    return deleteFilters(tx, userNid);
  }
}
