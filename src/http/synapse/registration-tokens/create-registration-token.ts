import type { RegistrationTokens } from '../../../accounts/registration-tokens.ts';
import { Type } from '../../../base/schema.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { tokenAnswer } from './token-answer.ts';
import { TokenBounds } from './token-bounds.ts';

const Body = Type.Object({
  token: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  length: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 64 }), Type.Null()])),
  ...TokenBounds,
});

type Parts = { readonly registrationTokens: RegistrationTokens };

/** Synapse admin API, "Create token". */
export const createRegistrationToken = ({ registrationTokens }: Parts) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/registration_tokens/new',
    auth: 'admin',
    body: Body,
    async handle({ body }) {
      const expiresTs = body.expiry_time ?? undefined;
      if (expiresTs !== undefined && !registrationTokens.isFuture(expiresTs))
        throw invalidParam('expiry_time is in the past.');
      const bounds = { usesAllowed: body.uses_allowed ?? undefined, expiresTs };
      const token = await registrationTokens.create(body.token ?? undefined, bounds, body.length ?? undefined);
      return tokenAnswer(await registrationTokens.get(token));
    },
  });
