import type { Devices } from '../../../accounts/devices.ts';
import type { Users } from '../../../accounts/users.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

/** Synapse admin API, "Delete a device": with its sessions. One that is gone already is no error. */
export const deleteUserDevice = ({ users, devices }: { readonly users: Users; readonly devices: Devices }) =>
  endpoint({
    method: 'DELETE',
    path: '/_synapse/admin/v2/users/:userId/devices/:deviceId',
    auth: 'admin',
    async handle({ params }) {
      const { userNid } = await localUser(users, params.userId);
      await devices.delete(userNid, [params.deviceId]);
      return {};
    },
  });
