import { domainOf, type UserId } from '../core/ids.ts';
import type { Failures } from './ports.ts';

/** What is answered about users of other servers when this one does not federate. */
export function unreachable(users: Iterable<UserId>): Failures {
  const failures: Failures = {};
  for (const user of users) {
    failures[domainOf(user)] = { errcode: 'M_UNKNOWN', error: 'This server does not federate.' };
  }
  return failures;
}
