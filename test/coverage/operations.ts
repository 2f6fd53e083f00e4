import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An operation that a server offers. */
export interface Operation {
  readonly method: string;
  /** As its description writes it: `/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}`. */
  readonly path: string;
}

/** The specification's interfaces, and the administration that Synapse's tools call. */
export const APIS = ['client-server', 'server-server', 'admin'] as const;

/**
 * What the specification lets a server refuse, and this one does. Everything else must succeed in a test to count.
 */
export const REFUSED: ReadonlySet<string> = new Set(
  [
    // M_THREEPID_MEDIUM_NOT_SUPPORTED, M_THREEPID_DENIED: a server need not send text messages.
    'POST /_matrix/client/v3/account/3pid/msisdn/requestToken',
    'POST /_matrix/client/v3/register/email/requestToken',
    'POST /_matrix/client/v3/account/password/msisdn/requestToken',
    'POST /_matrix/client/v3/register/msisdn/requestToken',
    // M_THREEPID_AUTH_FAILED, M_SERVER_NOT_TRUSTED: it is the server that decides which identity servers it believes.
    'POST /_matrix/client/v3/account/3pid',
    'POST /_matrix/client/v3/account/3pid/bind',
    // Every query that the specification has no words for.
    'GET /_matrix/federation/v1/query/{queryType}',
  ].map(text => {
    const [method = '', path = ''] = text.split(' ');
    return keyOf({ method, path });
  }),
);

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
