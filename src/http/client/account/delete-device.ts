import type { Devices } from '../../../accounts/devices.ts';
import type { InteractiveAuth } from '../../../accounts/interactive-auth.ts';
import { endpoint } from '../../endpoint.ts';
import { challenge } from './challenge.ts';

/** Client-server API, `DELETE /devices/{deviceId}`. */
export const deleteDevice = ({
  interactive,
  devices,
}: {
  readonly interactive: InteractiveAuth;
  readonly devices: Devices;
}) =>
  endpoint({
    method: 'DELETE',
    path: '/_matrix/client/v3/devices/:deviceId',
    auth: 'user',
    async handle({ user, params, body, ip }) {
      if (user.appservice === undefined) {
        const request = { operation: `DELETE devices/${params.deviceId}`, body, user, ip };
        const outcome = await interactive.confirm(request);
        if (!outcome.passed) return challenge(outcome.challenge);
      }
      await devices.delete(user.userNid, [params.deviceId]);
      return {};
    },
  });
