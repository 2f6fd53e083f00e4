import type { PushRules } from '../../../push/push-rules.ts';
import { parseRuleKind } from '../../../push/rule-input.ts';
import { endpoint } from '../../endpoint.ts';

/** setPushRule: makes or changes a rule of the user's own. */
export const setPushRule = ({ pushRules }: { readonly pushRules: PushRules }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/pushrules/global/:kind/:ruleId',
    auth: 'user',
    limit: 'other',
    bodyLimit: 128 * 1024,
    async handle({ user, params, query, body }) {
      const place = { before: query.get('before'), after: query.get('after') };
      await pushRules.set(user, parseRuleKind(params.kind), params.ruleId, body, place);
      return {};
    },
  });
