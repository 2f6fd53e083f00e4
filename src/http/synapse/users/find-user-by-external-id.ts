import type { ExternalIdentities } from '../../../accounts/external-identities.ts';
import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Find a user based on their ID in an auth provider". */
export const findUserByExternalId = ({ identities }: { readonly identities: ExternalIdentities }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/auth_providers/:provider/users/:externalId',
    auth: 'admin',
    async handle({ params }) {
      const user = await identities.owner({ provider: params.provider, subject: params.externalId });
      if (user === undefined) throw notFound('No user has this external ID.');
      return { user_id: user.userId };
    },
  });
