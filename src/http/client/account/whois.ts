import type { Device, Devices } from '../../../accounts/devices.ts';
import type { Users } from '../../../accounts/users.ts';
import { isUserId } from '../../../core/ids.ts';
import { forbidden, invalidParam } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';

/** Client-server API, `GET /admin/whois/{userId}`: for the user and for administrators. */
export const whois = ({ users, devices }: { readonly users: Users; readonly devices: Devices }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/admin/whois/:userId',
    alsoAt: ['/_synapse/admin/v1/whois/:userId'],
    auth: 'user',
    async handle({ user, params: { userId } }) {
      if (userId !== user.userId && !user.isAdmin) throw forbidden('You are not a server administrator.');
      if (!isUserId(userId)) throw invalidParam('This is not a user ID.');
      const { userNid } = await users.require(userId);
      const entries = (await devices.list(userNid)).map(device => [device.deviceId, deviceInfo(device)] as const);
      return { user_id: userId, devices: Object.fromEntries(entries) };
    },
  });

/** One connection is known of each device: the last. */
function deviceInfo(device: Device) {
  const connection = { ip: device.lastSeenIp, last_seen: device.lastSeenTs, user_agent: device.userAgent };
  return { sessions: [{ connections: device.lastSeenTs === undefined ? [] : [connection] }] };
}
