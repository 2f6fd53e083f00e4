import type { Devices } from '../../../accounts/devices.ts';
import { endpoint } from '../../endpoint.ts';
import { deviceAnswer } from './device-answer.ts';

/** Client-server API, `GET /devices`. */
export const listDevices = ({ devices }: { readonly devices: Devices }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/devices',
    auth: 'user',
    async handle({ user }) {
      return { devices: (await devices.list(user.userNid)).map(deviceAnswer) };
    },
  });
