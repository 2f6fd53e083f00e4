import type { Users } from '../../../accounts/users.ts';
import { Type } from '../../../base/schema.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

/** Synapse admin API, "Experimental Features API": there are none that could be switched. */
export const setExperimentalFeatures = ({ users }: { readonly users: Users }) =>
  endpoint({
    method: 'PUT',
    path: '/_synapse/admin/v1/experimental_features/:userId',
    auth: 'admin',
    body: Type.Object({ features: Type.Record(Type.String(), Type.Boolean()) }),
    async handle({ params, body }) {
      await localUser(users, params.userId);
      const [name] = Object.keys(body.features);
      if (name !== undefined) throw invalidParam(`This server has no feature ${name} to switch for single users.`);
      return {};
    },
  });
