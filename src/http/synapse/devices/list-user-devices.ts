import type { Devices } from '../../../accounts/devices.ts';
import type { Users } from '../../../accounts/users.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';
import { deviceAnswer } from './device-answer.ts';

/** Synapse admin API, "List all devices". */
export const listUserDevices = ({ users, devices }: { readonly users: Users; readonly devices: Devices }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v2/users/:userId/devices',
    auth: 'admin',
    async handle({ params }) {
      const { userId, userNid } = await localUser(users, params.userId);
      const found = await devices.list(userNid);
      return { devices: found.map(device => deviceAnswer(userId, device)), total: found.length };
    },
  });
