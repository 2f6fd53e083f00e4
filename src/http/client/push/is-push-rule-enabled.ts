import type { PushRules } from '../../../push/push-rules.ts';
import { existingRuleKind } from '../../../push/rule-input.ts';
import { endpoint } from '../../endpoint.ts';

/** isPushRuleEnabled */
export const isPushRuleEnabled = ({ pushRules }: { readonly pushRules: PushRules }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/pushrules/global/:kind/:ruleId/enabled',
    auth: 'user',
    async handle({ user, params }) {
      const { enabled } = await pushRules.rule(user, existingRuleKind(params.kind), params.ruleId);
      return { enabled };
    },
  });
