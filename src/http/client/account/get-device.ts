import type { Devices } from '../../../accounts/devices.ts';
import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { deviceAnswer } from './device-answer.ts';

/** Client-server API, `GET /devices/{deviceId}`. */
export const getDevice = ({ devices }: { readonly devices: Devices }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/devices/:deviceId',
    auth: 'user',
    async handle({ user, params }) {
      const device = await devices.find(user.userNid, params.deviceId);
      if (device === undefined) throw notFound('There is no such device.');
      return deviceAnswer(device);
    },
  });
