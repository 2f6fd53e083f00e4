import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Version API". */
export const getServerVersion = ({ version }: { readonly version: string }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/server_version',
    auth: 'admin',
    async handle() {
      return { server_version: `Copse ${version}` };
    },
  });
