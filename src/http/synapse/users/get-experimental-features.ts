import type { Users } from '../../../accounts/users.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

/** Synapse admin API, "Experimental Features API": nothing is switched on for single users here, so there are none. */
export const getExperimentalFeatures = ({ users }: { readonly users: Users }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/experimental_features/:userId',
    auth: 'admin',
    async handle({ params }) {
      await localUser(users, params.userId);
      return { features: {} };
    },
  });
