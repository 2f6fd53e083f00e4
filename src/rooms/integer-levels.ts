import { malformedLevels } from '../core/auth/power-level-change.ts';
import type { JsonObject } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { RoomVersion } from '../core/room-versions.ts';

/**
 * The power levels that a user of ours sets are integers in every room version: that the first nine take texts is for
 * events that exist (room version 1, "Deprecated event content schemas").
 *
 * @throws MatrixError M_BAD_JSON
 */
export function requireIntegerLevels(
  version: RoomVersion,
  { type, stateKey, content }: { readonly type: string; readonly stateKey: string; readonly content: JsonObject },
): void {
  if (type !== 'm.room.power_levels' || stateKey !== '') return;
  const verdict = malformedLevels(content, { ...version, integerPowerLevels: true });
  if (verdict?.ok === false) throw new MatrixError('M_BAD_JSON', `These are no power levels: ${verdict.reason}.`);
}
