import type { Devices } from '../../../accounts/devices.ts';
import type { Users } from '../../../accounts/users.ts';
import { Type } from '../../../base/schema.ts';
import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

/** Synapse admin API, "Update a device": its name, where one is given. */
export const updateUserDevice = ({ users, devices }: { readonly users: Users; readonly devices: Devices }) =>
  endpoint({
    method: 'PUT',
    path: '/_synapse/admin/v2/users/:userId/devices/:deviceId',
    auth: 'admin',
    body: Type.Object({ display_name: Type.Optional(Type.String()) }),
    async handle({ params: { userId, deviceId }, body: { display_name: name } }) {
      const { userNid } = await localUser(users, userId);
      if ((await devices.find(userNid, deviceId)) === undefined) throw notFound('There is no such device.');
      if (name !== undefined) await devices.rename(userNid, deviceId, name);
      return {};
    },
  });
