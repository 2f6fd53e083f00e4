import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Background Updates API", "Status": a database is brought up to date before the server starts. */
export const getBackgroundUpdates = () =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/background_updates/status',
    auth: 'admin',
    async handle() {
      return { enabled: true, current_updates: {} };
    },
  });
