/**
 * Keys of the state tree. A key is one integer below 2^52, type above state key, so that all state of one type is one
 * range. `m.room.member`, by far the most of a big room, is given the highest type number: everything else sorts before
 * it and lies in the first pages of a tree.
 */
export const STATE_KEYS = 2 ** 32;
const MEMBER_SLOT = 2 ** 20 - 1;

/** The number of `m.room.member` in `state_type`, the same in every database (the first migration inserts it). */
export const MEMBER_TYPE_NID = 1;

/** The key of a (type, state key) pair, both given as their numbers. Throws RangeError when a number is out of range. */
export function treeKey(typeNid: number, stateKeyNid: number): number {
  if (!(typeNid > 0 && typeNid < MEMBER_SLOT)) throw new RangeError(`no state type can have the number ${typeNid}`);
  if (!(stateKeyNid >= 0 && stateKeyNid < STATE_KEYS)) {
    throw new RangeError(`no state key can have the number ${stateKeyNid}`);
  }
  return (typeNid === MEMBER_TYPE_NID ? MEMBER_SLOT : typeNid) * STATE_KEYS + stateKeyNid;
}

/** The number of the event type of a key. */
export function typeOf(key: number): number {
  const slot = Math.floor(key / STATE_KEYS);
  return slot === MEMBER_SLOT ? MEMBER_TYPE_NID : slot;
}

/** The number of the state key of a key. */
export function stateKeyOf(key: number): number {
  return key % STATE_KEYS;
}

/** The first key that a member can have: everything below is other state. */
export const FIRST_MEMBER_KEY = MEMBER_SLOT * STATE_KEYS;
/** Above every key. */
export const KEY_END = (MEMBER_SLOT + 1) * STATE_KEYS;
