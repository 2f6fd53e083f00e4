import { endpoint } from '../../endpoint.ts';

/** Client-server API, `GET /account/whoami`. */
export const whoami = () =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/account/whoami',
    auth: 'user',
    async handle({ user }) {
      return { user_id: user.userId, device_id: user.deviceId, is_guest: user.isGuest };
    },
  });
