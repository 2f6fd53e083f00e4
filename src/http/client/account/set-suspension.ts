import type { Moderation } from '../../../accounts/moderation.ts';
import { Type } from '../../../base/schema.ts';
import type { UserId } from '../../../core/ids.ts';
import { endpoint } from '../../endpoint.ts';

/** Client-server API, `PUT /admin/suspend/{userId}`. */
export const setSuspension = ({ moderation }: { readonly moderation: Moderation }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v1/admin/suspend/:userId',
    alsoAt: ['/_matrix/client/unstable/uk.timedout.msc4323/admin/suspend/:userId'],
    auth: 'admin',
    body: Type.Object({ suspended: Type.Boolean() }),
    async handle({ user, params, body: { suspended } }) {
      await moderation.set(user, params.userId as UserId, 'is_suspended', suspended);
      return { suspended };
    },
  });
