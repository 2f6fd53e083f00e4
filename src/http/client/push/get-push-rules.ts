import type { PushRules } from '../../../push/push-rules.ts';
import { endpoint } from '../../endpoint.ts';

/** getPushRules: all rulesets; `global` is the only one. */
export const getPushRules = ({ pushRules }: { readonly pushRules: PushRules }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/pushrules/',
    alsoAt: ['/_matrix/client/v3/pushrules'],
    auth: 'user',
    async handle({ user }) {
      return { global: await pushRules.ruleset(user) };
    },
  });
