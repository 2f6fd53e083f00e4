import type { Registration } from '../../../accounts/registration.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Check username availability": also where registration is closed. */
export const usernameAvailable = ({ registration }: { readonly registration: Registration }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/username_available',
    auth: 'admin',
    async handle({ query }) {
      await registration.requireAvailable(query.required('username'));
      return { available: true };
    },
  });
