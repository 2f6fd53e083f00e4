import { isObject, JsonError, type JsonObject, parseJson } from '../../../core/json.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { parseLogToken } from '../../../rooms/log-token.ts';
import type { Sync } from '../../../sync/sync.ts';
import { compileSyncFilter, type SyncFilter } from '../../../sync/sync-filter.ts';
import { endpoint } from '../../endpoint.ts';

/** A filter that a user stored before. @throws MatrixError M_NOT_FOUND */
export type StoredFilters = (userNid: number, filterId: string) => Promise<JsonObject>;

export interface SyncParts {
  readonly sync: Sync;
  readonly storedFilter: StoredFilters;
}

const LARGEST_INLINE_FILTER = 65_536;

/** Client-server API, "Syncing". */
export const sync = (parts: SyncParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/sync',
    auth: 'user',
    async handle({ user, query, signal }) {
      const since = query.get('since');
      return parts.sync.answer({
        view: { userId: user.userId, userNid: user.userNid, deviceId: user.deviceId },
        since: since === undefined || since === '' ? undefined : parseLogToken(since),
        filter: await readFilter(parts, user.userNid, query.get('filter')),
        fullState: query.boolean('full_state'),
        useStateAfter: query.boolean('use_state_after') || query.boolean('org.matrix.msc4222.use_state_after'),
        timeoutMs: query.integer('timeout', { fallback: 0, max: 3_600_000 }),
        signal,
      });
    },
  });

async function readFilter(parts: SyncParts, userNid: number, text: string | undefined): Promise<SyncFilter> {
  if (text === undefined || text === '') return compileSyncFilter();
  if (!text.startsWith('{')) return compileSyncFilter(await parts.storedFilter(userNid, text));
  if (text.length > LARGEST_INLINE_FILTER) throw invalidParam('The filter is too large; store it first.');
  try {
    const filter = parseJson(text, 'lenient');
    if (isObject(filter)) return compileSyncFilter(filter);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
  }
  throw invalidParam('The filter is neither a JSON object nor the ID of a stored one.');
}
