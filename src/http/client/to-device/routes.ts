import type { Keys } from '../../../keys/keys.ts';
import type { Endpoint } from '../../endpoint.ts';
import { sendToDevice } from './send-to-device.ts';

export function toDeviceRoutes(parts: { readonly keys: Keys }): Endpoint[] {
  return [sendToDevice(parts)];
}
