import { Type } from '../../../base/schema.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { DehydratedDevices } from '../../../keys/dehydrated-devices.ts';
import { endpoint } from '../../endpoint.ts';
import { DEHYDRATED_DEVICE } from './path.ts';

/** The keys are checked by `keys/`. */
const Body = Type.Object({
  device_id: Type.String(),
  device_data: Type.Object({ algorithm: Type.String() }),
  initial_device_display_name: Type.Optional(Type.String()),
  device_keys: Type.Unknown(),
  one_time_keys: Type.Optional(Type.Unknown()),
  fallback_keys: Type.Optional(Type.Unknown()),
});

/** MSC3814, `PUT /dehydrated_device`. */
export const putDehydratedDevice = (parts: { readonly dehydrated: Pick<DehydratedDevices, 'put'> }) =>
  endpoint({
    method: 'PUT',
    path: DEHYDRATED_DEVICE,
    auth: 'user',
    limit: 'keys',
    body: Body,
    async handle({ user, body }) {
      const { device_id: deviceId, device_data, initial_device_display_name: displayName, ...keys } = body;
      const deviceData = device_data as JsonObject;
      await parts.dehydrated.put(user, { deviceId, deviceData, displayName, keys: keys as JsonObject });
      return { device_id: deviceId };
    },
  });
