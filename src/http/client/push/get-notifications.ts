import type { NotificationHistory } from '../../../push/notification-history.ts';
import { endpoint } from '../../endpoint.ts';

/** getNotifications: what the user has been notified about, newest first. */
export const getNotifications = ({ notificationHistory }: { readonly notificationHistory: NotificationHistory }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/notifications',
    auth: 'user',
    async handle({ user, query }) {
      return notificationHistory.page(user.userNid, {
        from: query.get('from'),
        limit: query.integer('limit', { fallback: 20, min: 1, max: 100 }),
        onlyHighlights: query.get('only') === 'highlight',
      });
    },
  });
