import { required } from '../../accounts/oauth/grants.ts';
import type { Sessions } from '../../accounts/sessions.ts';
import { endpoint } from '../endpoint.ts';
import { oauthAnswer, onOAuth } from './answer.ts';
import { REVOKE_PATH } from './oauth-paths.ts';
import { readParameters } from './parameters.ts';

/**
 * RFC 7009; client-server API, "Token revocation". Whoever has a token may end it, which is why `client_id` is not asked
 * for: somebody who finds it in the open does its owner a favour.
 */
export const revokeToken = ({ sessions }: { readonly sessions: Sessions }) =>
  endpoint({
    method: 'POST',
    path: REVOKE_PATH,
    auth: 'none',
    limit: 'other',
    body: 'stream',
    async handle({ stream }) {
      return onOAuth(async () => {
        await sessions.revoke(required(await readParameters(stream), 'token'));
        return oauthAnswer({});
      });
    },
  });
