import type { RegistrationToken } from '../../../accounts/registration-tokens.ts';
import type { JsonObject } from '../../../core/json.ts';

/** A registration token object. */
export function tokenAnswer(token: RegistrationToken): JsonObject {
  return {
    token: token.token,
    uses_allowed: token.usesAllowed ?? null,
    pending: token.pending,
    completed: token.completed,
    expiry_time: token.expiresTs ?? null,
  };
}
