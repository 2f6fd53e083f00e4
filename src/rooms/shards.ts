import { createHash } from 'node:crypto';
import type { RoomId } from '../core/ids.ts';

/** The rooms are cut into this many slices, fixed for ever: sync tokens hold one position for each. */
export const SHARD_COUNT = 16;

/** The shard of a room: the low four bits of the first byte of the SHA-256 of its ID. */
export function shardOf(roomId: RoomId): number {
  return (createHash('sha256').update(roomId).digest()[0] ?? 0) % SHARD_COUNT;
}
