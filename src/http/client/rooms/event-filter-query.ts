import { isObject, type Json, JsonError, type JsonObject, parseJson } from '../../../core/json.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { compileFilter, type EventFilter } from '../../../rooms/event-filter.ts';
import { faultOfEventFilter } from '../../../rooms/filter-shape.ts';
import type { Query } from '../../query.ts';

const LARGEST = 64 * 1024;

/** The `filter` of a request: a RoomEventFilter as JSON. @throws MatrixError M_INVALID_PARAM */
export function eventFilter(query: Query): EventFilter {
  const text = query.get('filter');
  if (text === undefined || text === '') return compileFilter();
  if (text.length > LARGEST) throw invalidParam('The filter is too large.');
  const filter = parsed(text);
  if (!isObject(filter)) throw invalidParam('The filter is not a JSON object.');
  return checkedFilter(filter);
}

/** @throws MatrixError M_INVALID_PARAM */
export function checkedFilter(filter: JsonObject = {}): EventFilter {
  const fault = faultOfEventFilter(filter);
  if (fault !== undefined) throw invalidParam(`The filter's ${fault} is none.`);
  return compileFilter(filter);
}

function parsed(text: string): Json | undefined {
  try {
    return parseJson(text, 'lenient');
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}
