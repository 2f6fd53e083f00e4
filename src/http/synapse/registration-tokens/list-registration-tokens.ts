import type { RegistrationTokens } from '../../../accounts/registration-tokens.ts';
import { endpoint } from '../../endpoint.ts';
import { tokenAnswer } from './token-answer.ts';

type Parts = { readonly registrationTokens: RegistrationTokens };

/** Synapse admin API, "List all tokens"; with `valid` those that are good, or those that are not. */
export const listRegistrationTokens = ({ registrationTokens }: Parts) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/registration_tokens',
    auth: 'admin',
    async handle({ query }) {
      const wanted = query.get('valid') === undefined ? undefined : query.boolean('valid');
      const all = await registrationTokens.list();
      const fitting = all.filter(token => wanted === undefined || registrationTokens.isGood(token) === wanted);
      return { registration_tokens: fitting.map(tokenAnswer) };
    },
  });
