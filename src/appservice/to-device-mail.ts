import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Database, Tx } from '../db/database.ts';
import { otkCounts, unusedFallbackTypes } from '../keys/key-counts.ts';
import type { ToDevice } from '../keys/to-device.ts';
import type { Nids } from '../rooms/nids.table.ts';
import { userPos } from '../rooms/user-log.table.ts';
import { waitingInboxes } from './appservice.table.ts';

export interface ToDeviceMailParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly toDevice: ToDevice;
}

/** Messages that wait for devices of an application service's users, and the keys that these devices have left. */
export interface Mail {
  readonly messages: readonly JsonObject[];
  readonly keyCounts: JsonObject;
  readonly fallbackTypes: JsonObject;
  /** Takes the messages out of their inboxes: in the transaction that keeps them for sending. */
  removeIn(tx: Tx): Promise<void>;
}

/** By user and device. */
type ByDevice = { [userId: UserId]: JsonObject };

/** Devices of one transaction. */
const AT_ONCE = 50;

/** Collects what waits, or answers undefined where nothing does. */
export async function collectMail(parts: ToDeviceMailParts, appserviceId: string): Promise<Mail | undefined> {
  const { db, nids, toDevice } = parts;
  const inboxes = await waitingInboxes(db, appserviceId, AT_ONCE);
  if (inboxes.length === 0) return undefined;
  const names = await nids.users.names(db, new Set(inboxes.map(inbox => inbox.user_nid)));
  const messages: JsonObject[] = [];
  const removals: ((tx: Tx) => Promise<void>)[] = [];
  const keyCounts: ByDevice = {};
  const fallbackTypes: ByDevice = {};
  for (const { user_nid: userNid, device_id: deviceId } of inboxes) {
    const userId = names.get(userNid);
    if (userId === undefined) continue;
    const batch = await toDevice.after(db, userNid, deviceId, 0, await userPos(db, userNid));
    messages.push(...batch.events.map(event => ({ ...event, to_user_id: userId, to_device_id: deviceId })));
    removals.push(tx => toDevice.remove(tx, userNid, deviceId, batch.upTo));
    keyCounts[userId] = { ...keyCounts[userId], [deviceId]: await otkCounts(db, userNid, deviceId) };
    fallbackTypes[userId] = { ...fallbackTypes[userId], [deviceId]: await unusedFallbackTypes(db, userNid, deviceId) };
  }
  return {
    messages,
    keyCounts,
    fallbackTypes,
    async removeIn(tx) {
      for (const remove of removals) await remove(tx);
    },
  };
}
