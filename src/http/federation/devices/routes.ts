import type { Endpoint } from '../../endpoint.ts';
import { claimUserKeys } from './claim-user-keys.ts';
import type { DeviceRouteParts } from './device-route-parts.ts';
import { getUserDevices } from './get-user-devices.ts';
import { queryUserKeys } from './query-user-keys.ts';

export function federationDeviceRoutes(parts: DeviceRouteParts): Endpoint[] {
  return [getUserDevices(parts), queryUserKeys(parts), claimUserKeys(parts)];
}
