import { Type } from '../../../base/schema.ts';
import type { PushRules } from '../../../push/push-rules.ts';
import { existingRuleKind } from '../../../push/rule-input.ts';
import { endpoint } from '../../endpoint.ts';

/** setPushRuleEnabled */
export const setPushRuleEnabled = ({ pushRules }: { readonly pushRules: PushRules }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/pushrules/global/:kind/:ruleId/enabled',
    auth: 'user',
    body: Type.Object({ enabled: Type.Boolean() }),
    async handle({ user, params, body }) {
      await pushRules.setEnabled(user, existingRuleKind(params.kind), params.ruleId, body.enabled);
      return {};
    },
  });
