import type { Moderation } from '../../../accounts/moderation.ts';
import type { UserId } from '../../../core/ids.ts';
import { endpoint } from '../../endpoint.ts';

/** Client-server API, `GET /admin/lock/{userId}`. */
export const getLock = ({ moderation }: { readonly moderation: Moderation }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/admin/lock/:userId',
    alsoAt: ['/_matrix/client/unstable/uk.timedout.msc4323/admin/lock/:userId'],
    auth: 'admin',
    async handle({ user, params }) {
      const { isLocked } = await moderation.look(user, params.userId as UserId);
      return { locked: isLocked };
    },
  });
