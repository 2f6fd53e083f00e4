import type { Devices } from '../../../accounts/devices.ts';
import type { Users } from '../../../accounts/users.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint, reply } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

/** Synapse admin API, "Create a device": nothing happens where there is one of that name. */
export const createUserDevice = ({ users, devices }: { readonly users: Users; readonly devices: Devices }) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v2/users/:userId/devices',
    auth: 'admin',
    body: Type.Object({ device_id: Type.String() }),
    async handle({ params, body }) {
      const { userNid } = await localUser(users, params.userId);
      await devices.create(userNid, body.device_id, undefined);
      return reply({ status: 201, body: '{}' });
    },
  });
