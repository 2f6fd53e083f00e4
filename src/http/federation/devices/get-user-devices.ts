import { ownDevices } from '../../../federation/devices/own-devices.ts';
import { endpoint } from '../../endpoint.ts';
import type { DeviceRouteParts } from './device-route-parts.ts';

/** getUserDevices: a local user's device list, with the number by which later changes are put in order. */
export const getUserDevices = ({ keys, ...parts }: DeviceRouteParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/user/devices/:userId',
    auth: 'server',
    handle: ({ params }) => ownDevices({ ...parts, query: keys.query }, params.userId),
  });
