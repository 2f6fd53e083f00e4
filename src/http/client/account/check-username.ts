import type { Registration } from '../../../accounts/registration.ts';
import { endpoint } from '../../endpoint.ts';

/** Client-server API, `GET /register/available`. */
export const checkUsername = ({ registration }: { readonly registration: Registration }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/register/available',
    auth: 'none',
    limit: 'other',
    async handle({ query }) {
      await registration.requireAvailable(query.required('username'));
      return { available: true };
    },
  });
