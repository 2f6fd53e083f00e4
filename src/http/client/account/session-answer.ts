import type { Session, Tokens } from '../../../accounts/sessions.ts';
import { domainOf, type UserId } from '../../../core/ids.ts';

/** Tokens as `/login`, `/register` and `/refresh` answer them. */
export function tokensAnswer(tokens: Tokens) {
  return {
    access_token: tokens.accessToken,
    refresh_token: tokens.refreshToken,
    expires_in_ms: tokens.expiresInMs,
  };
}

/** A user, logged in or only registered. `home_server` is deprecated, and old clients read it. */
export function sessionAnswer(userId: UserId, session: Session | undefined) {
  const user = { user_id: userId, home_server: domainOf(userId) };
  return session === undefined ? user : { ...user, device_id: session.deviceId, ...tokensAnswer(session) };
}
