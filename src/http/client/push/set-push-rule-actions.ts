import type { PushRules } from '../../../push/push-rules.ts';
import { existingRuleKind } from '../../../push/rule-input.ts';
import { endpoint } from '../../endpoint.ts';

/** setPushRuleActions: of the user's own rules and of default ones. */
export const setPushRuleActions = ({ pushRules }: { readonly pushRules: PushRules }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/pushrules/global/:kind/:ruleId/actions',
    auth: 'user',
    bodyLimit: 128 * 1024,
    async handle({ user, params, body }) {
      await pushRules.setActions(user, existingRuleKind(params.kind), params.ruleId, body.actions);
      return {};
    },
  });
