import { Type } from '../../../base/schema.ts';
import { ofServer } from '../../../federation/devices/own-devices.ts';
import { endpoint } from '../../endpoint.ts';
import type { DeviceRouteParts } from './device-route-parts.ts';

/** Each user is an answer of up to some tens of kilobytes; servers ask for the members of a room in several requests. */
const MOST_USERS = 1000;

const body = Type.Object({
  device_keys: Type.Record(Type.String(), Type.Array(Type.String()), { maxProperties: MOST_USERS }),
});

/** queryUserEncryptionKeys: device keys and cross-signing keys of local users. Others are left out. */
export const queryUserKeys = ({ keys, serverName }: Pick<DeviceRouteParts, 'keys' | 'serverName'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/federation/v1/user/keys/query',
    auth: 'server',
    body,
    async handle({ body }) {
      const answer = await keys.query.queryLocal(ofServer(body.device_keys, serverName), undefined);
      return {
        device_keys: answer.deviceKeys,
        master_keys: answer.masterKeys,
        self_signing_keys: answer.selfSigningKeys,
      };
    },
  });
