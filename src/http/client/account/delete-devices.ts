import type { Devices } from '../../../accounts/devices.ts';
import type { InteractiveAuth } from '../../../accounts/interactive-auth.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';
import { AuthData, challenge } from './challenge.ts';

const Body = Type.Object({ auth: AuthData, devices: Type.Array(Type.String()) });

/** Client-server API, `POST /delete_devices`. */
export const deleteDevices = ({
  interactive,
  devices,
}: {
  readonly interactive: InteractiveAuth;
  readonly devices: Devices;
}) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/delete_devices',
    auth: 'user',
    body: Body,
    async handle({ user, body, ip }) {
      if (user.appservice === undefined) {
        const outcome = await interactive.confirm({ operation: 'POST delete_devices', body, user, ip });
        if (!outcome.passed) return challenge(outcome.challenge);
      }
      await devices.delete(user.userNid, body.devices);
      return {};
    },
  });
