import type { Devices } from '../../../accounts/devices.ts';
import { Type } from '../../../base/schema.ts';
import { notFound } from '../../../core/matrix-error.ts';
import { endpoint, reply } from '../../endpoint.ts';

/** Client-server API, `PUT /devices/{deviceId}`: renames a device; for an appservice it makes one too. */
export const updateDevice = ({ devices }: { readonly devices: Devices }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/devices/:deviceId',
    auth: 'user',
    body: Type.Object({ display_name: Type.Optional(Type.String()) }),
    async handle({ user, params, body }) {
      const device = await devices.find(user.userNid, params.deviceId);
      if (device === undefined) {
        if (user.appservice === undefined) throw notFound('There is no such device.');
        await devices.create(user.userNid, params.deviceId, body.display_name);
        return reply({ status: 201, body: '{}' });
      }
      if (body.display_name !== undefined) await devices.rename(user.userNid, params.deviceId, body.display_name);
      return {};
    },
  });
