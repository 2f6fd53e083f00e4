import type { Event } from '../event.ts';
import type { EventId } from '../ids.ts';
import type { StateKeyString } from '../state-key.ts';

/** One room state, or the part of one that matters: state key -> event ID. */
export type StateSet = ReadonlyMap<StateKeyString, EventId>;

/**
 * What a resolution needs to know next. Resolution is a generator: it yields a Need and is resumed with an Answer, so
 * that the storage outside may be asynchronous while all of this stays synchronous.
 *
 * - `events`: these events. Unknown ones are left out of the answer.
 * - `state`: of these state keys the entries that are the same in every state set. Others are left out.
 * - `unconflictedChain`: which of these events are themselves such an unconflicted entry or in the auth chain of
 *   one. They are in the auth chains of all sets, which the conflicted entries alone do not tell. Asked at most once.
 */
export type Need =
  | { readonly events: readonly EventId[] }
  | { readonly state: readonly (readonly [type: string, stateKey: string])[] }
  | { readonly unconflictedChain: readonly EventId[] };

/** The answer to a Need: the field of the same name, and with `events` which of those were rejected. */
export interface Answer {
  /** May hold more than was asked, such as events further down the auth chain: that saves further rounds. */
  readonly events?: ReadonlyMap<EventId, Event>;
  readonly rejected?: ReadonlySet<EventId>;
  readonly state?: StateSet;
  readonly unconflictedChain?: ReadonlySet<EventId>;
}

/** A computation that asks as it goes. */
export type Steps<T> = Generator<Need, T, Answer>;
