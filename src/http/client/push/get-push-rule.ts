import type { PushRules } from '../../../push/push-rules.ts';
import { existingRuleKind } from '../../../push/rule-input.ts';
import { endpoint } from '../../endpoint.ts';

/** getPushRule */
export const getPushRule = ({ pushRules }: { readonly pushRules: PushRules }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/pushrules/global/:kind/:ruleId',
    auth: 'user',
    async handle({ user, params }) {
      return pushRules.rule(user, existingRuleKind(params.kind), params.ruleId);
    },
  });
