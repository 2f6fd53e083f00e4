import { domainOf, isUserId, type ServerName, type UserId } from '../../core/ids.ts';
import { getString, isObject, type JsonObject } from '../../core/json.ts';
import { invalidParam } from '../../core/matrix-error.ts';
import type { Database } from '../../db/database.ts';
import { deviceListStreamId } from '../../keys/device-list.table.ts';
import type { KeyQuery } from '../../keys/key-query.ts';
import type { Nids } from '../../rooms/nids.table.ts';

export interface OwnDevicesParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly serverName: ServerName;
  readonly query: Pick<KeyQuery, 'queryLocal'>;
}

/**
 * `GET /user/devices/{userId}`: a local user's devices that have keys, and the number of the last change that is among
 * them. A user who does not exist has none.
 *
 * @throws MatrixError M_INVALID_PARAM for users of other servers
 */
export async function ownDevices(parts: OwnDevicesParts, userId: string): Promise<JsonObject> {
  if (!isUserId(userId) || domainOf(userId) !== parts.serverName) throw invalidParam('The user is not of this server.');
  const userNid = await parts.nids.users.findOne(parts.db, userId);
  // Read before the devices: a change in between is told of again, which does no harm, and never passed over.
  const stream_id = userNid === undefined ? 0 : await deviceListStreamId(parts.db, userNid);
  const answer = await parts.query.queryLocal(new Map([[userId, []]]), undefined);
  const master_key = answer.masterKeys[userId];
  const self_signing_key = answer.selfSigningKeys[userId];
  return {
    user_id: userId,
    stream_id,
    devices: Object.entries(answer.deviceKeys[userId] ?? {}).map(([deviceId, keys]) => deviceOf(deviceId, keys)),
    ...(master_key !== undefined && { master_key }),
    ...(self_signing_key !== undefined && { self_signing_key }),
  };
}

function deviceOf(device_id: string, { unsigned, ...keys }: JsonObject): JsonObject {
  const device_display_name = isObject(unsigned) ? getString(unsigned, 'device_display_name') : undefined;
  return { device_id, keys, ...(device_display_name !== undefined && { device_display_name }) };
}

/** Of what a request says by user ID, that for users of one server: we speak for nobody else. */
export function ofServer<T>(byUser: { readonly [userId: string]: T }, server: ServerName): Map<UserId, T> {
  const own = new Map<UserId, T>();
  for (const [userId, value] of Object.entries(byUser)) {
    if (isUserId(userId) && domainOf(userId) === server) own.set(userId, value);
  }
  return own;
}
