import type { DehydratedDevices } from '../../../keys/dehydrated-devices.ts';
import type { Endpoint } from '../../endpoint.ts';
import { deleteDehydratedDevice } from './delete-dehydrated-device.ts';
import { getDehydratedDevice } from './get-dehydrated-device.ts';
import { getDehydratedEvents } from './get-dehydrated-events.ts';
import { postDehydratedEvents } from './post-dehydrated-events.ts';
import { putDehydratedDevice } from './put-dehydrated-device.ts';

export function dehydratedDeviceRoutes(parts: { readonly dehydrated: DehydratedDevices }): Endpoint[] {
  return [
    putDehydratedDevice(parts),
    getDehydratedDevice(parts),
    deleteDehydratedDevice(parts),
    getDehydratedEvents(parts),
    postDehydratedEvents(parts),
  ];
}
