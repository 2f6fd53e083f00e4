import type { RegistrationTokens } from '../../../accounts/registration-tokens.ts';
import { Type } from '../../../base/schema.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { tokenAnswer } from './token-answer.ts';
import { TokenBounds } from './token-bounds.ts';

type Parts = { readonly registrationTokens: RegistrationTokens };

/** Synapse admin API, "Update token": what is not named stays. */
export const changeRegistrationToken = ({ registrationTokens }: Parts) =>
  endpoint({
    method: 'PUT',
    path: '/_synapse/admin/v1/registration_tokens/:token',
    auth: 'admin',
    body: Type.Object(TokenBounds),
    async handle({ params: { token }, body: { uses_allowed: uses, expiry_time: expires } }) {
      const now = await registrationTokens.get(token);
      if (typeof expires === 'number' && !registrationTokens.isFuture(expires))
        throw invalidParam('expiry_time is in the past.');
      const usesAllowed = uses === undefined ? now.usesAllowed : (uses ?? undefined);
      const expiresTs = expires === undefined ? now.expiresTs : (expires ?? undefined);
      await registrationTokens.change(token, usesAllowed, expiresTs);
      return tokenAnswer(await registrationTokens.get(token));
    },
  });
