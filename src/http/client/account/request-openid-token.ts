import type { OpenIdTokens } from '../../../accounts/openid-tokens.ts';
import { domainOf } from '../../../core/ids.ts';
import { endpoint } from '../../endpoint.ts';
import { requireSelf } from '../account-data/require-self.ts';

/** Client-server API, `POST /user/{userId}/openid/request_token`. */
export const requestOpenIdToken = ({ openId }: { readonly openId: OpenIdTokens }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/user/:userId/openid/request_token',
    auth: 'user',
    limit: 'other',
    async handle({ user, params }) {
      requireSelf(user, params.userId);
      const { token, expiresInMs } = await openId.create(user.userNid);
      return {
        access_token: token,
        token_type: 'Bearer',
        matrix_server_name: domainOf(user.userId),
        expires_in: expiresInMs / 1000,
      };
    },
  });
