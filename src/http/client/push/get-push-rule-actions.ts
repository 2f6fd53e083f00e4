import type { PushRules } from '../../../push/push-rules.ts';
import { existingRuleKind } from '../../../push/rule-input.ts';
import { endpoint } from '../../endpoint.ts';

/** getPushRuleActions */
export const getPushRuleActions = ({ pushRules }: { readonly pushRules: PushRules }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/pushrules/global/:kind/:ruleId/actions',
    auth: 'user',
    async handle({ user, params }) {
      const { actions } = await pushRules.rule(user, existingRuleKind(params.kind), params.ruleId);
      return { actions };
    },
  });
