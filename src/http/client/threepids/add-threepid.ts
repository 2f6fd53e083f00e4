import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';
import { AuthData, challenge } from '../account/challenge.ts';
import { PROOF, type ThreepidRouteParts } from './threepid-route-parts.ts';

/** add3PID: an address that the user has proved becomes one of the account. */
export const addThreepid = ({ threepids, interactive }: Pick<ThreepidRouteParts, 'threepids' | 'interactive'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/account/3pid/add',
    auth: 'user',
    limit: 'login',
    body: Type.Object({ auth: AuthData, ...PROOF }),
    async handle({ user, body, ip }) {
      const outcome = await interactive.confirm({ operation: 'POST account/3pid/add', body, user, ip });
      if (!outcome.passed) return challenge(outcome.challenge);
      await threepids.add(user.userNid, { sid: body.sid, clientSecret: body.client_secret });
      return {};
    },
  });
