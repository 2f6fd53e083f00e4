import type { PushRules } from '../../../push/push-rules.ts';
import { existingRuleKind } from '../../../push/rule-input.ts';
import { endpoint } from '../../endpoint.ts';

/** deletePushRule */
export const deletePushRule = ({ pushRules }: { readonly pushRules: PushRules }) =>
  endpoint({
    method: 'DELETE',
    path: '/_matrix/client/v3/pushrules/global/:kind/:ruleId',
    auth: 'user',
    async handle({ user, params }) {
      await pushRules.delete(user, existingRuleKind(params.kind), params.ruleId);
      return {};
    },
  });
