import type { RegistrationTokens } from '../../../accounts/registration-tokens.ts';
import { endpoint } from '../../endpoint.ts';
import { tokenAnswer } from './token-answer.ts';

type Parts = { readonly registrationTokens: RegistrationTokens };

/** Synapse admin API, "Get one token". */
export const getRegistrationToken = ({ registrationTokens }: Parts) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/registration_tokens/:token',
    auth: 'admin',
    async handle({ params }) {
      return tokenAnswer(await registrationTokens.get(params.token));
    },
  });
