import { without } from '../../core/hashes.ts';
import type { UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Database } from '../../db/database.ts';
import { CROSS_SIGNING, type ListChange, lastDeviceChanges, listChanges } from '../../keys/device-list.table.ts';
import type { KeyAnswer, KeyQuery } from '../../keys/key-query.ts';
import type { LocalDevices } from '../../keys/ports.ts';
import type { OutboundList } from './outbound-device-list.table.ts';

export interface DeviceListParts {
  readonly db: Database;
  readonly devices: LocalDevices;
  readonly keys: Pick<KeyQuery, 'queryLocal'>;
}

/** An EDU, and where a server that has it stands. */
export interface ListEdu {
  readonly edu: JsonObject;
  readonly sentTo: number;
  readonly previous: number | null;
}

/** Whoever missed more than this asks once for the whole list instead. */
const MOST_CHANGES = 20;

/**
 * The changes of a user's device list that a server has not got, as `m.device_list_update` and `m.signing_key_update`
 * EDUs in order (server-server API, "Device Management"). Each tells of the device as it is now, and names the one that
 * was sent before it. When there are too many, the last one alone names one that the server does not know.
 */
export async function deviceListEdus(
  parts: DeviceListParts,
  user: ListOwner,
  list: OutboundList,
): Promise<readonly ListEdu[]> {
  const { from_stream: from, to_stream: to } = list;
  const changes = await listChanges(parts.db, user.nid, from, to, MOST_CHANGES + 1);
  if (changes.length === 0) return [];
  if (changes.length <= MOST_CHANGES) return edusFor(parts, user, changes, list.prev_stream);
  const [last, before] = await lastDeviceChanges(parts.db, user.nid);
  const sentTo = Math.max(to, last?.stream_id ?? to);
  const edus = await edusFor(parts, user, last === undefined ? [] : [last], before?.stream_id ?? null);
  return edus.map(edu => ({ ...edu, sentTo }));
}

export interface ListOwner {
  readonly nid: number;
  readonly id: UserId;
}

async function edusFor(
  { db, devices, keys }: DeviceListParts,
  { nid, id: user_id }: ListOwner,
  changes: readonly ListChange[],
  before: number | null,
): Promise<ListEdu[]> {
  const wanted = changes.map(change => change.device_id);
  const answer = await keys.queryLocal(new Map([[user_id, wanted]]), undefined);
  const names = (await devices.of(db, [nid])).get(nid);
  let previous = before;
  return changes.map(({ device_id, stream_id }) => {
    if (device_id === CROSS_SIGNING) {
      const content = { user_id, ...crossSigningKeys(answer, user_id) };
      return { edu: { edu_type: 'm.signing_key_update', content }, sentTo: stream_id, previous };
    }
    const prev_id = previous === null ? [] : [previous];
    const state = names?.has(device_id)
      ? deviceState(names.get(device_id), answer.deviceKeys[user_id]?.[device_id])
      : { deleted: true };
    previous = stream_id;
    const content = { user_id, device_id, stream_id, prev_id, ...state };
    return { edu: { edu_type: 'm.device_list_update', content }, sentTo: stream_id, previous };
  });
}

function crossSigningKeys({ masterKeys, selfSigningKeys }: KeyAnswer, userId: UserId): JsonObject {
  const [master_key, self_signing_key] = [masterKeys[userId], selfSigningKeys[userId]];
  return { ...(master_key && { master_key }), ...(self_signing_key && { self_signing_key }) };
}

function deviceState(name: string | undefined, keys: JsonObject | undefined): JsonObject {
  return {
    ...(name === undefined ? {} : { device_display_name: name }),
    ...(keys === undefined ? {} : { keys: without(keys, ['unsigned']) }),
  };
}
