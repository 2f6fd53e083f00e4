import type { Moderation } from '../../../accounts/moderation.ts';
import { Type } from '../../../base/schema.ts';
import type { UserId } from '../../../core/ids.ts';
import { endpoint } from '../../endpoint.ts';

/** Client-server API, `PUT /admin/lock/{userId}`. */
export const setLock = ({ moderation }: { readonly moderation: Moderation }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v1/admin/lock/:userId',
    alsoAt: ['/_matrix/client/unstable/uk.timedout.msc4323/admin/lock/:userId'],
    auth: 'admin',
    body: Type.Object({ locked: Type.Boolean() }),
    async handle({ user, params, body: { locked } }) {
      await moderation.set(user, params.userId as UserId, 'is_locked', locked);
      return { locked };
    },
  });
