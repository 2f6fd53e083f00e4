import type { AccountData } from '../../../accounts/account-data.ts';
import type { PushRules } from '../../../push/push-rules.ts';
import { endpoint } from '../../endpoint.ts';
import { requireSelf } from './require-self.ts';
import { storedJson } from './stored-json.ts';

/** Client-server API, `GET /user/{userId}/account_data/{type}`. The push rules are read here as `/sync` tells of them. */
export const getAccountData = ({
  accountData,
  pushRules,
}: {
  readonly accountData: AccountData;
  readonly pushRules: Pick<PushRules, 'ruleset'>;
}) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/user/:userId/account_data/:type',
    auth: 'user',
    async handle({ user, params }) {
      requireSelf(user, params.userId);
      if (params.type === 'm.push_rules') return { global: await pushRules.ruleset(user) };
      return storedJson(await accountData.get(user.userNid, undefined, params.type));
    },
  });
