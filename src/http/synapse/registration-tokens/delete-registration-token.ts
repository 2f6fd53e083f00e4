import type { RegistrationTokens } from '../../../accounts/registration-tokens.ts';
import { endpoint } from '../../endpoint.ts';

type Parts = { readonly registrationTokens: RegistrationTokens };

/** Synapse admin API, "Delete token". Whoever has shown it already can still make an account. */
export const deleteRegistrationToken = ({ registrationTokens }: Parts) =>
  endpoint({
    method: 'DELETE',
    path: '/_synapse/admin/v1/registration_tokens/:token',
    auth: 'admin',
    async handle({ params }) {
      await registrationTokens.get(params.token);
      await registrationTokens.remove(params.token);
      return {};
    },
  });
