import type { DehydratedDevices } from '../../../keys/dehydrated-devices.ts';
import { endpoint } from '../../endpoint.ts';
import { DEHYDRATED_DEVICE } from './path.ts';

/** MSC3814, `GET /dehydrated_device`. */
export const getDehydratedDevice = (parts: { readonly dehydrated: Pick<DehydratedDevices, 'get'> }) =>
  endpoint({
    method: 'GET',
    path: DEHYDRATED_DEVICE,
    auth: 'user',
    limit: 'other',
    async handle({ user }) {
      const { deviceId, deviceData } = await parts.dehydrated.get(user);
      return { device_id: deviceId, device_data: deviceData };
    },
  });
