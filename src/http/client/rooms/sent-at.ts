import type { Requester } from '../../../accounts/requester.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import type { Query } from '../../query.ts';

/** The time that an appservice gives an event (application-service API, "Timestamp massaging"); nobody else can. */
export function sentAt(user: Requester, query: Query): number | undefined {
  const text = user.appservice === undefined ? undefined : query.get('ts');
  if (text === undefined) return undefined;
  if (text === '') throw invalidParam('The query parameter ts must be an integer.');
  return query.integer('ts', { fallback: 0, max: Number.MAX_SAFE_INTEGER });
}
