import type { Moderation } from '../../../accounts/moderation.ts';
import type { UserId } from '../../../core/ids.ts';
import { endpoint } from '../../endpoint.ts';

/** Client-server API, `GET /admin/suspend/{userId}`. */
export const getSuspension = ({ moderation }: { readonly moderation: Moderation }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/admin/suspend/:userId',
    alsoAt: ['/_matrix/client/unstable/uk.timedout.msc4323/admin/suspend/:userId'],
    auth: 'admin',
    async handle({ user, params }) {
      const { isSuspended } = await moderation.look(user, params.userId as UserId);
      return { suspended: isSuspended };
    },
  });
