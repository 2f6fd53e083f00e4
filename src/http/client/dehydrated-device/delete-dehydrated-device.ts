import type { DehydratedDevices } from '../../../keys/dehydrated-devices.ts';
import { endpoint } from '../../endpoint.ts';
import { DEHYDRATED_DEVICE } from './path.ts';

/** MSC3814, `DELETE /dehydrated_device`. */
export const deleteDehydratedDevice = (parts: { readonly dehydrated: Pick<DehydratedDevices, 'delete'> }) =>
  endpoint({
    method: 'DELETE',
    path: DEHYDRATED_DEVICE,
    auth: 'user',
    limit: 'keys',
    handle: async ({ user }) => ({ device_id: await parts.dehydrated.delete(user) }),
  });
