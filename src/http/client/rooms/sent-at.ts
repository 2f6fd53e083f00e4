import type { Requester } from '../../../accounts/requester.ts';
import type { Query } from '../../query.ts';

/** The time that an appservice gives an event (application-service API, "Timestamp massaging"); nobody else can. */
export function sentAt(user: Requester, query: Query): number | undefined {
  if (user.appservice === undefined || query.get('ts') === undefined) return undefined;
  return query.integer('ts', { fallback: 0, max: Number.MAX_SAFE_INTEGER });
}
