import { allOfRooms, contentsByRoom, globalSince, oneItem, roomSince } from '../accounts/account-data.table.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { getObject, type JsonObject } from '../core/json.ts';
import { ownDeviceListChanges } from '../keys/device-list.table.ts';
import { otkCounts, unusedFallbackTypes } from '../keys/key-counts.ts';
import type { Keys } from '../keys/keys.ts';
import { counts } from '../push/notifications.table.ts';
import { pushRulesChangedSince, pushRulesFor } from '../push/push-rules.ts';
import type { SyncSources } from '../sync/sources.ts';

/** Binds what other parts contribute to a sync. */
export function syncSources({ accounts, keys }: { accounts: Accounts; keys: Keys }): SyncSources {
  return {
    globalAccountData: (db, userNid, after) => globalSince(db, userNid, after ?? 0),
    roomAccountData: (db, userNid, after) => roomSince(db, userNid, after ?? 0),
    accountDataOf: allOfRooms,
    accountData: (db, userNid, type) => oneItem(db, userNid, undefined, type),
    async roomTags(db, userNid) {
      const contents = await contentsByRoom(db, userNid, 'm.tag');
      return new Map(
        [...contents].map(([room, content]) => [room, new Set(Object.keys(getObject(content, 'tags') ?? {}))]),
      );
    },
    async pushRules(db, user, after) {
      if (after !== undefined && !(await pushRulesChangedSince(db, user.nid, after))) return undefined;
      return (await pushRulesFor(db, user.nid, user.id)) as unknown as JsonObject;
    },
    unread: counts,
    toDevice: (db, userNid, deviceId, after, upTo, limit) =>
      keys.toDevice.after(db, userNid, deviceId, after, upTo, limit),
    acknowledgeToDevice: (userNid, deviceId, upTo) => keys.toDevice.acknowledge(userNid, deviceId, upTo),
    oneTimeKeyCounts: otkCounts,
    unusedFallbackKeyTypes: unusedFallbackTypes,
    ownDeviceLists: ownDeviceListChanges,
    ignoredUsers: (db, userNid, userPos) => accounts.ignored.ignoredBy(db, userNid, userPos),
  };
}
