import { isObject, JsonError, parseJson } from '../../../core/json.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { compileFilter, type EventFilter } from '../../../rooms/event-filter.ts';
import type { Query } from '../../query.ts';

const LARGEST = 64 * 1024;

/** The `filter` of a request: a RoomEventFilter as JSON. @throws MatrixError M_INVALID_PARAM */
export function eventFilter(query: Query): EventFilter {
  const text = query.get('filter');
  if (text === undefined || text === '') return compileFilter();
  if (text.length > LARGEST) throw invalidParam('The filter is too large.');
  try {
    const filter = parseJson(text, 'lenient');
    if (isObject(filter)) return compileFilter(filter);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
  }
  throw invalidParam('The filter is not a JSON object.');
}
