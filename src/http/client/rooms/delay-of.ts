import { invalidParam } from '../../../core/matrix-error.ts';
import type { Query } from '../../query.ts';

/** By how many milliseconds the event is to be put off (MSC4140); undefined when it is to be sent now. */
export function delayOf(query: Query): number | undefined {
  const name = 'org.matrix.msc4140.delay';
  if (query.get(name) === undefined) return undefined;
  const delay = query.integer(name, { fallback: 0, max: Number.MAX_SAFE_INTEGER });
  if (delay === 0) throw invalidParam('A delay is at least one millisecond.');
  return delay;
}
