import type { JsonObject } from '../../../core/json.ts';
import { membershipsIn, roomsOfUser } from '../../../rooms/members.table.ts';
import { deviceListsOf } from '../../device-list-range.ts';
import { busyAmong } from '../../rooms-section.ts';
import type { LogWindow } from '../../window.ts';

/** MSC3884: whose device lists changed since the last answer. The counts of the device's own keys are no news. */
export async function deviceListsExtension(window: LogWindow): Promise<JsonObject> {
  if (window.since === undefined) return {};
  const { changed, left } = await deviceListsOf(window, await busyRows(window));
  return changed.length + left.length > 0 ? { device_lists: { changed, left } } : {};
}

/** The user's rooms in which something happened. */
async function busyRows(window: LogWindow) {
  const { parts, view, busyRooms } = window;
  const { db } = parts;
  if (busyRooms !== undefined) return busyRooms.size === 0 ? [] : membershipsIn(db, view.userNid, [...busyRooms]);
  const rows = await roomsOfUser(db, view.userNid);
  const rooms = await parts.rooms.byNids(
    db,
    rows.map(row => row.room_nid),
  );
  const busy = await busyAmong(window, [...rooms.values()]);
  return rows.filter(row => busy.has(row.room_nid));
}

/** The keys that others can take of a device. */
export async function keyCounts({
  parts,
  sources,
  userNid,
  deviceId,
}: Pick<LogWindow, 'parts' | 'sources'> & KeyOwner) {
  return {
    device_one_time_keys_count: await sources.oneTimeKeyCounts(parts.db, userNid, deviceId),
    device_unused_fallback_key_types: [...(await sources.unusedFallbackKeyTypes(parts.db, userNid, deviceId))],
  };
}

interface KeyOwner {
  readonly userNid: number;
  readonly deviceId: string;
}
