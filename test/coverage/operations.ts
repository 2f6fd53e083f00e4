import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An operation of the specification. */
export interface Operation {
  readonly method: string;
  /** As the specification writes it: `/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}`. */
  readonly path: string;
}

const table = join(import.meta.dirname, '..', 'fixtures', 'api', 'operations.tsv');

/** The operations of one API. */
export function operationsOf(api: string): Operation[] {
  const rows = readFileSync(table, 'utf8').trim().split('\n').slice(1);
  return rows
    .map(row => row.split('\t'))
    .filter(([spec]) => spec === api)
    .map(([, , method = '', path = '']) => ({ method, path }));
}

/** What makes two operations one: `{roomId}` and `:roomId` are the same; a slash at the end makes no difference. */
export function keyOf({ method, path }: Operation): string {
  return `${method} ${path.replace(/\{[^}]+\}|:[A-Za-z]+/g, '*').replace(/\/$/, '')}`;
}
