import type { Queryable } from '../db/database.ts';
import { countOneTimeKeys, fallbackKeysOfOne } from './one-time-key.table.ts';

/**
 * Unclaimed one-time keys of a device by algorithm, exact at the time of reading. `signed_curve25519` is always there:
 * clients that see no number upload nothing.
 */
export async function otkCounts(
  db: Queryable,
  userNid: number,
  deviceId: string,
): Promise<{ [algorithm: string]: number }> {
  const counts = await countOneTimeKeys(db, userNid, deviceId);
  return { signed_curve25519: 0, ...Object.fromEntries(counts) };
}

/** The algorithms for which a device has a fallback key that nobody has been given (`device_unused_fallback_key_types`). */
export async function unusedFallbackTypes(db: Queryable, userNid: number, deviceId: string): Promise<string[]> {
  const keys = await fallbackKeysOfOne(db, userNid, deviceId);
  return keys.filter(key => key.used === 0).map(key => key.algorithm);
}
