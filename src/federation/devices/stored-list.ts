import type { Queryable, Tx } from '../../db/database.ts';
import { type DeviceRow, deleteRemoteDevices, putRemoteDevices, remoteDevicesOf } from './remote-device.table.ts';
import { type ListRow, putList } from './remote-device-list.table.ts';
import type { ToldList } from './told-lists.ts';

/** The lists of some users as they are stored, for rows that were read before. */
export async function storedLists(db: Queryable, rows: ReadonlyMap<number, ListRow>): Promise<Map<number, ToldList>> {
  const devices = await remoteDevicesOf(db, [...rows.keys()]);
  return new Map([...rows].map(([userNid, row]) => [userNid, toldList(row, devices.get(userNid) ?? [])]));
}

function toldList(row: ListRow, devices: readonly DeviceRow[]): ToldList {
  return {
    streamId: row.stream_id ?? undefined,
    devices: devices.map(({ device_id, display_name, json }) => ({
      deviceId: device_id,
      displayName: display_name ?? undefined,
      text: json,
    })),
    masterKey: row.master_key ?? undefined,
    selfSigningKey: row.self_signing_key ?? undefined,
  };
}

/** Puts a list in the place of the one that is stored. Whether clients see a difference. */
export async function replaceList(
  tx: Tx,
  row: ListRow,
  list: ToldList,
  state: Pick<ListRow, 'stale' | 'wanted'>,
): Promise<boolean> {
  const { user_nid } = row;
  const old = new Map((await remoteDevicesOf(tx, [user_nid])).get(user_nid)?.map(each => [each.device_id, each]));
  const next = new Map(list.devices.map(device => [device.deviceId, rowOf(user_nid, device)]));
  const gone = [...old.keys()].filter(deviceId => !next.has(deviceId));
  const changed = [...next.values()].filter(device => !isSame(old.get(device.device_id), device));
  if (gone.length > 0) await deleteRemoteDevices(tx, user_nid, gone);
  await putRemoteDevices(tx, changed);
  const keys = { master_key: list.masterKey ?? null, self_signing_key: list.selfSigningKey ?? null };
  await putList(tx, { user_nid, stream_id: list.streamId ?? null, ...keys, ...state });
  return gone.length > 0 || changed.length > 0 || !areSameKeys(row, keys);
}

export function rowOf(userNid: number, device: ToldList['devices'][number]): DeviceRow {
  const { deviceId, displayName, text } = device;
  return { user_nid: userNid, device_id: deviceId, display_name: displayName ?? null, json: text };
}

export function isSame(one: DeviceRow | undefined, other: DeviceRow | undefined): boolean {
  return one?.json === other?.json && one?.display_name === other?.display_name;
}

type Keys = Pick<ListRow, 'master_key' | 'self_signing_key'>;

export function areSameKeys(one: Keys, other: Keys): boolean {
  return one.master_key === other.master_key && one.self_signing_key === other.self_signing_key;
}
