import { Type } from '../../../base/schema.ts';
import { ofServer } from '../../../federation/devices/own-devices.ts';
import { endpoint } from '../../endpoint.ts';
import type { DeviceRouteParts } from './device-route-parts.ts';

const MOST_USERS = 1000;
const MOST_DEVICES_OF_A_USER = 1000;

const body = Type.Object({
  one_time_keys: Type.Record(
    Type.String(),
    Type.Record(Type.String(), Type.String(), { maxProperties: MOST_DEVICES_OF_A_USER }),
    { maxProperties: MOST_USERS },
  ),
});

/** claimUserEncryptionKeys: a one-time or fallback key of each device of local users. Others are left out. */
export const claimUserKeys = ({ keys, serverName }: Pick<DeviceRouteParts, 'keys' | 'serverName'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/federation/v1/user/keys/claim',
    auth: 'server',
    body,
    async handle({ body }) {
      const wanted = ofServer(body.one_time_keys, serverName);
      return { one_time_keys: await keys.claim.claimLocal(Object.fromEntries(wanted)) };
    },
  });
