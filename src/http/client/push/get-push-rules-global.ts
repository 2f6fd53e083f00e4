import type { PushRules } from '../../../push/push-rules.ts';
import { endpoint } from '../../endpoint.ts';

/** getPushRulesGlobal: the rules by kind. */
export const getPushRulesGlobal = ({ pushRules }: { readonly pushRules: PushRules }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/pushrules/global/',
    alsoAt: ['/_matrix/client/v3/pushrules/global'],
    auth: 'user',
    async handle({ user }) {
      return pushRules.ruleset(user);
    },
  });
