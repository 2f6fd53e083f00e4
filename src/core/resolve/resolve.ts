import type { EventCrypto } from '../crypto.ts';
import type { RoomVersion } from '../room-versions.ts';
import type { StateSet, Steps } from './protocol.ts';
import { resolveV1 } from './v1.ts';
import { resolveV2 } from './v2.ts';

export type { Answer, Need, StateSet, Steps } from './protocol.ts';

/**
 * Resolves the conflicts between room states by the algorithm of the room version.
 *
 * @param conflicted one map per state set, with only the entries that are not the same in every set; a key that
 *   some sets lack is among them. `separate` makes them.
 * @returns the resolved entries for the conflicted keys, and further ones that resolution brought up where the
 *   unconflicted state has none. A conflicted key that is missing here is not in the resolved state.
 */
export function* resolveState(
  version: RoomVersion,
  conflicted: readonly StateSet[],
  crypto: EventCrypto,
): Steps<StateSet> {
  if (conflicted.every(set => set.size === 0)) return new Map();
  if (version.stateResolution === 'v1') return yield* resolveV1(conflicted, crypto);
  return yield* resolveV2(version, conflicted, crypto);
}
