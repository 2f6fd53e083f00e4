import { canonicalJson } from '../../../core/canonical-json.ts';
import type { PublishedKeys } from '../../../federation/keys/published-keys.ts';
import { endpoint, reply } from '../../endpoint.ts';

/**
 * Server-server API, "Publishing Keys". Servers from before version 1.6 name a key in the path, and get all of them too.
 * Sent in canonical JSON: there are those who take the signatures out of the text and check what is left.
 */
export const getOwnKeys = ({ published }: { readonly published: PublishedKeys }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/key/v2/server',
    alsoAt: ['/_matrix/key/v2/server/', '/_matrix/key/v2/server/:keyId'],
    auth: 'none',
    handle: async () => reply({ body: canonicalJson(published.answer()) }),
  });
