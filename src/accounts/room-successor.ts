import type { RoomId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { Tx } from '../db/database.ts';
import { oneItem } from './account-data.table.ts';
import type { AccountData } from './account-data.ts';

/**
 * A user who comes into the room that replaces an old one finds it tagged and listed as a direct chat like that
 * (client-server API, "Room Upgrades"). What does not fit into the user's account data any more stays behind.
 */
export async function carryAccountData(
  accountData: AccountData,
  tx: Tx,
  userNid: number,
  from: RoomId,
  to: RoomId,
): Promise<void> {
  const direct = withSuccessor(await oneItem(tx, userNid, undefined, 'm.direct'), from, to);
  const tags = await oneItem(tx, userNid, from, 'm.tag');
  try {
    if (direct !== undefined) await accountData.write(tx, userNid, undefined, 'm.direct', direct);
    if (tags !== undefined && (await oneItem(tx, userNid, to, 'm.tag')) === undefined) {
      await accountData.write(tx, userNid, to, 'm.tag', tags);
    }
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
  }
}

/** `m.direct` with the new room beside the old one; undefined when there is nothing to change. */
export function withSuccessor(direct: JsonObject | undefined, from: RoomId, to: RoomId): JsonObject | undefined {
  const entries = Object.entries(direct ?? {});
  const changed = entries.map(([user, rooms]): [string, JsonObject[string]] =>
    Array.isArray(rooms) && rooms.includes(from) && !rooms.includes(to) ? [user, [...rooms, to]] : [user, rooms],
  );
  const isSame = changed.every(([, rooms], at) => rooms === entries[at]?.[1]);
  return isSame ? undefined : Object.fromEntries(changed);
}
