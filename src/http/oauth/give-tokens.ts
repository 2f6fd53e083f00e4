import type { GivenTokens } from '../../accounts/oauth/grants.ts';
import type { OAuth } from '../../accounts/oauth/oauth.ts';
import { endpoint } from '../endpoint.ts';
import { oauthAnswer, onOAuth } from './answer.ts';
import { TOKEN_PATH } from './oauth-paths.ts';
import { readParameters } from './parameters.ts';

/** RFC 6749 section 3.2; client-server API, "Grant types". */
export const giveTokens = ({ grants }: Pick<OAuth, 'grants'>) =>
  endpoint({
    method: 'POST',
    path: TOKEN_PATH,
    auth: 'none',
    limit: 'other',
    body: 'stream',
    async handle({ stream }) {
      return onOAuth(async () => oauthAnswer(tokenAnswer(await grants.give(await readParameters(stream)))));
    },
  });

function tokenAnswer({ accessToken, refreshToken, expiresInMs, scope }: GivenTokens) {
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresInMs === undefined ? undefined : Math.floor(expiresInMs / 1000),
    refresh_token: refreshToken,
    scope,
  };
}
