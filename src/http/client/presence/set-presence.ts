import { Type } from '../../../base/schema.ts';
import { forbidden } from '../../../core/matrix-error.ts';
import { LONGEST_STATUS, type Presence } from '../../../sync/presence/presence.ts';
import { PRESENCE_STATES } from '../../../sync/presence/user-presence.ts';
import { endpoint } from '../../endpoint.ts';

const Body = Type.Object({
  presence: Type.Enum(PRESENCE_STATES),
  status_msg: Type.Optional(Type.Union([Type.String({ maxLength: LONGEST_STATUS }), Type.Null()])),
});

/** setPresence. Where presence is switched off nobody is told, and asking says so: everybody stays offline. */
export const setPresence = ({ presence }: { readonly presence: Presence | undefined }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/presence/:userId/status',
    auth: 'user',
    limit: 'other',
    body: Body,
    async handle({ user, params, body }) {
      if (params.userId !== user.userId) throw forbidden('You cannot set the presence of somebody else.');
      const message = body.status_msg || undefined;
      await presence?.set(user.userNid, user.deviceId ?? '', body.presence, message);
      return {};
    },
  });
