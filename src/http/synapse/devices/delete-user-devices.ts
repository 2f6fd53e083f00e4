import type { Devices } from '../../../accounts/devices.ts';
import type { Users } from '../../../accounts/users.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

/** Synapse admin API, "Delete multiple devices": with their sessions; unknown ones are passed over. */
export const deleteUserDevices = ({ users, devices }: { readonly users: Users; readonly devices: Devices }) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v2/users/:userId/delete_devices',
    auth: 'admin',
    body: Type.Object({ devices: Type.Array(Type.String()) }),
    async handle({ params, body }) {
      const { userNid } = await localUser(users, params.userId);
      await devices.delete(userNid, body.devices);
      return {};
    },
  });
