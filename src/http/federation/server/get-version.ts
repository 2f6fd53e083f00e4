import { endpoint } from '../../endpoint.ts';

/** Server-server API, "Server implementation". */
export const getVersion = ({ version }: { readonly version: string }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/version',
    auth: 'none',
    handle: async () => ({ server: { name: 'Copse', version } }),
  });
