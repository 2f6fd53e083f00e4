import type { Query } from '../../query.ts';

/** Servers that the client thinks to be in the room; before version 1.12 of the specification under the other name. */
export function viaIn(query: Query): string[] {
  return [...query.all('via'), ...query.all('server_name')];
}
