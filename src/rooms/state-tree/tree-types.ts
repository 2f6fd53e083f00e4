/**
 * The page that stands for a whole state of a room: 0 is the empty state, any other is `record * 32 + slot`.
 * Roots are immutable; equal states can have different roots (compare fingerprints).
 */
export type Root = number;

/** A state key (see tree-key.ts) and the number of the event that is the state there. */
export type Entry = readonly [key: number, value: number];

/** One key of a new state: `value` is the number of the event (1 to 2^52 - 1), undefined takes the key out. */
export interface Change {
  readonly key: number;
  readonly value: number | undefined;
}

/** What one key is in two states; never the same on both sides. */
export interface Difference {
  readonly key: number;
  readonly before: number | undefined;
  readonly after: number | undefined;
}

export interface LookupRequest {
  readonly roomNid: number;
  readonly root: Root;
  readonly key: number;
}

/** What is known of a root without reading its tree. */
export interface RootFacts {
  /** Members are missing (MSC3706): such a root answers no `/state` and decides on no absent member. */
  readonly partial: boolean;
  /** How many entries the state has. */
  readonly entries: number;
  /** Sum modulo 2^128 of the keyed hashes of all entries: equal for equal states, whatever the path to them. */
  readonly fingerprint: bigint;
}

export interface WriteOptions {
  /** Marks the new root as partial; `apply` inherits the mark from its base anyway. The empty state has no mark. */
  readonly partial?: boolean;
}

export interface Collected {
  /** Records that are still needed. */
  readonly kept: number;
  readonly deleted: number;
}

export interface StateTreeStats {
  /** Bytes of the page cache. */
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
  /** SQL statements since the start. */
  readonly roundTrips: number;
}
