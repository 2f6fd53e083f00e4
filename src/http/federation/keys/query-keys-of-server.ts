import type { Clock } from '../../../base/clock.ts';
import { isServerName } from '../../../core/ids.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import type { Notary } from '../../../federation/keys/notary.ts';
import { endpoint } from '../../endpoint.ts';

/** Server-server API, "Querying Keys Through Another Server". Servers from before version 1.6 name a key in the path. */
export const queryKeysOfServer = ({ notary, clock }: { readonly notary: Notary; readonly clock: Clock }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/key/v2/query/:serverName',
    alsoAt: ['/_matrix/key/v2/query/:serverName/:keyId'],
    auth: 'none',
    limit: 'other',
    async handle({ params: { serverName }, query }) {
      if (!isServerName(serverName)) throw invalidParam('This is no server name.');
      const fallback = clock.now();
      const until = query.integer('minimum_valid_until_ts', { fallback, max: Number.MAX_SAFE_INTEGER });
      return { server_keys: await notary.answer(new Map([[serverName, until]])) };
    },
  });
