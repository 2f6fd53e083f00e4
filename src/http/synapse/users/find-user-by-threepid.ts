import type { Threepids } from '../../../accounts/threepids.ts';
import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Find a user based on their Third Party ID". */
export const findUserByThreepid = ({ threepids }: { readonly threepids: Threepids }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/threepid/:medium/users/:address',
    auth: 'admin',
    async handle({ params }) {
      const user = await threepids.owner(params.medium, params.address);
      if (user === undefined) throw notFound('No user has this address.');
      return { user_id: user.userId };
    },
  });
