import type { Budget } from '../../../base/budget.ts';
import { ByteCache } from '../../../base/byte-cache.ts';
import { isObject, type Json, JsonError, type JsonObject, parseJson } from '../../../core/json.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { faultOfSyncFilter } from '../../../rooms/filter-shape.ts';
import { parseLogToken } from '../../../rooms/log-token.ts';
import { PRESENCE_STATES } from '../../../sync/presence/user-presence.ts';
import type { Sync } from '../../../sync/sync.ts';
import { compileSyncFilter, type SyncFilter } from '../../../sync/sync-filter.ts';
import type { LateState, StateName } from '../../../sync/window.ts';
import { endpoint } from '../../endpoint.ts';
import { streamInto } from '../../json-stream.ts';
import type { Query } from '../../query.ts';

/** A filter that a user stored before. @throws MatrixError M_NOT_FOUND */
export type StoredFilters = (userNid: number, filterId: string) => Promise<JsonObject>;

export interface SyncParts {
  readonly sync: Sync;
  readonly storedFilter: StoredFilters;
  readonly budget: Budget;
}

const LARGEST_INLINE_FILTER = 65_536;
/** What a compiled filter takes besides its text, in bytes (measured, rounded up). */
const COMPILED_BYTES = 6000;

/** Compiled filters, of which the users of one client share a few. A stored one never changes under its ID. */
class CompiledFilters {
  readonly #stored: StoredFilters;
  readonly #cache: ByteCache<SyncFilter>;

  constructor(stored: StoredFilters, budget: Budget) {
    this.#stored = stored;
    this.#cache = new ByteCache({
      name: 'sync_filters',
      budget,
      weight: 25,
      sizeOf: (_filter, key) => COMPILED_BYTES + 2 * key.length,
    });
  }

  /** @throws MatrixError M_NOT_FOUND, M_INVALID_PARAM */
  async of(userNid: number, text = '{}'): Promise<SyncFilter> {
    const key = text.startsWith('{') ? text : `${userNid}/${text}`;
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const filter = compileSyncFilter(text.startsWith('{') ? parseInline(text) : await this.#stored(userNid, text));
    this.#cache.set(key, filter);
    return filter;
  }
}

function parseInline(text: string): JsonObject {
  if (text.length > LARGEST_INLINE_FILTER) throw invalidParam('The filter is too large; store it first.');
  const filter = parsed(text);
  if (!isObject(filter)) throw invalidParam('The filter is neither a JSON object nor the ID of a stored one.');
  const fault = faultOfSyncFilter(filter);
  if (fault !== undefined) throw invalidParam(`The filter's ${fault} is none.`);
  return filter;
}

function parsed(text: string): Json | undefined {
  try {
    return parseJson(text, 'lenient');
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

/** Client-server API, "Syncing". */
export const sync = (parts: SyncParts) => {
  const filters = new CompiledFilters(parts.storedFilter, parts.budget);
  return endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/sync',
    auth: 'user',
    // The first one of a device reads all its rooms: it may take long, and must not delay those who wait for news.
    without: { parameter: 'since', role: 'initial-sync' },
    async handle({ user, query, signal }) {
      const since = query.get('since');
      const late: LateState = new Map();
      const name = stateName(query);
      const answer = await parts.sync.answer({
        view: { userId: user.userId, userNid: user.userNid, deviceId: user.deviceId },
        since: since === undefined || since === '' ? undefined : parseLogToken(since),
        filter: await filters.of(user.userNid, query.get('filter') || undefined),
        fullState: query.boolean('full_state'),
        stateName: name,
        late,
        timeoutMs: query.integer('timeout', { fallback: 0, max: 3_600_000 }),
        signal,
        setPresence: query.choice('set_presence', PRESENCE_STATES, 'online'),
      });
      return late.size === 0 ? answer : streamInto(answer, ['rooms', 'join'], [name, 'events'], late);
    },
  });
};

function stateName(query: Query): StateName {
  if (query.boolean('use_state_after')) return 'state_after';
  return query.boolean('org.matrix.msc4222.use_state_after') ? 'org.matrix.msc4222.state_after' : 'state';
}
