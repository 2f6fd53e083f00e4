import type { OAuth } from '../../accounts/oauth/oauth.ts';
import type { Sessions } from '../../accounts/sessions.ts';
import type { Endpoint } from '../endpoint.ts';
import { authorizeDevice } from './authorize-device.ts';
import { giveTokens } from './give-tokens.ts';
import { registerClient } from './register-client.ts';
import { revokeToken } from './revoke-token.ts';

/** What clients of the OAuth 2.0 API call. */
export function oauthRoutes(oauth: OAuth, sessions: Sessions): Endpoint[] {
  return [registerClient(oauth), giveTokens(oauth), authorizeDevice(oauth), revokeToken({ sessions })];
}
