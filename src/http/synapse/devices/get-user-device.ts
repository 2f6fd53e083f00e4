import type { Devices } from '../../../accounts/devices.ts';
import type { Users } from '../../../accounts/users.ts';
import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';
import { deviceAnswer } from './device-answer.ts';

/** Synapse admin API, "Show a device". */
export const getUserDevice = ({ users, devices }: { readonly users: Users; readonly devices: Devices }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v2/users/:userId/devices/:deviceId',
    auth: 'admin',
    async handle({ params }) {
      const { userId, userNid } = await localUser(users, params.userId);
      const device = await devices.find(userNid, params.deviceId);
      if (device === undefined) throw notFound('There is no such device.');
      return deviceAnswer(userId, device);
    },
  });
