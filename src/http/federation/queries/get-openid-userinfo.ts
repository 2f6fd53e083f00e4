import { MatrixError } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import type { QueryRouteParts } from './query-route-parts.ts';

/** exchangeOpenIdToken: who made a token. Other services than servers call it, so it carries no signature. */
export const getOpenIdUserinfo = ({ accounts }: Pick<QueryRouteParts, 'accounts'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/openid/userinfo',
    auth: 'none',
    limit: 'other',
    async handle({ query }) {
      const token = query.get('access_token');
      if (token === undefined) throw new MatrixError('M_MISSING_TOKEN', 'The query parameter access_token is missing.');
      const sub = await accounts.openId.owner(token);
      if (sub === undefined) throw new MatrixError('M_UNKNOWN_TOKEN', 'This token is unknown, or its time is over.');
      return { sub };
    },
  });
