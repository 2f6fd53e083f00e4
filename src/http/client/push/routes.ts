import type { NotificationHistory } from '../../../push/notification-history.ts';
import type { PushRules } from '../../../push/push-rules.ts';
import type { Pushers } from '../../../push/pushers.ts';
import type { Endpoint } from '../../endpoint.ts';
import { deletePushRule } from './delete-push-rule.ts';
import { getNotifications } from './get-notifications.ts';
import { getPushRule } from './get-push-rule.ts';
import { getPushRuleActions } from './get-push-rule-actions.ts';
import { getPushRules } from './get-push-rules.ts';
import { getPushRulesGlobal } from './get-push-rules-global.ts';
import { getPushers } from './get-pushers.ts';
import { isPushRuleEnabled } from './is-push-rule-enabled.ts';
import { postPusher } from './post-pusher.ts';
import { setPushRule } from './set-push-rule.ts';
import { setPushRuleActions } from './set-push-rule-actions.ts';
import { setPushRuleEnabled } from './set-push-rule-enabled.ts';

export interface PushRouteParts {
  readonly pushRules: PushRules;
  readonly pushers: Pushers;
  readonly notificationHistory: NotificationHistory;
}

/** The endpoints of the push module. */
export function pushRoutes(parts: PushRouteParts): Endpoint[] {
  return [
    getPushRules(parts),
    getPushRulesGlobal(parts),
    getPushRule(parts),
    setPushRule(parts),
    deletePushRule(parts),
    isPushRuleEnabled(parts),
    setPushRuleEnabled(parts),
    getPushRuleActions(parts),
    setPushRuleActions(parts),
    getPushers(parts),
    postPusher(parts),
    getNotifications(parts),
  ];
}
