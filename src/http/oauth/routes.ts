import type { OAuth } from '../../accounts/oauth/oauth.ts';
import type { Sessions } from '../../accounts/sessions.ts';
import type { Endpoint } from '../endpoint.ts';
import { authorizeDevice } from './authorize-device.ts';
import { giveTokens } from './give-tokens.ts';
import { registerClient } from './register-client.ts';
import { beginRendezvous } from './rendezvous/begin-rendezvous.ts';
import { endRendezvous } from './rendezvous/end-rendezvous.ts';
import { readRendezvous } from './rendezvous/read-rendezvous.ts';
import { replaceRendezvous } from './rendezvous/replace-rendezvous.ts';
import { revokeToken } from './revoke-token.ts';

/** What clients of the OAuth 2.0 API call. */
export function oauthRoutes(oauth: OAuth, sessions: Sessions): Endpoint[] {
  return [
    registerClient(oauth),
    giveTokens(oauth),
    authorizeDevice(oauth),
    revokeToken({ sessions }),
    beginRendezvous(oauth),
    readRendezvous(oauth),
    replaceRendezvous(oauth),
    endRendezvous(oauth),
  ];
}
