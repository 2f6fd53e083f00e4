import type { Bus } from '../bus/bus.ts';
import type { UserId } from '../core/ids.ts';

/** Somebody who types in a room (by number), for so many milliseconds more. */
export type Typist = readonly [roomNid: number, userId: UserId, ms: number];

/** What processes tell each other of typing. `run` is the process that says it. */
export type TypingWord = { readonly run: string } & (
  | { readonly kind: 'types'; readonly stamp: number; readonly typist: Typist }
  | { readonly kind: 'stops'; readonly stamp: number; readonly typist: Typist }
  /** It has begun, or has missed something, and wants to know who types. */
  | { readonly kind: 'ask' }
  /** All who type at this process, unless there are more than `MOST_TOLD`. */
  | { readonly kind: 'all'; readonly typists: readonly Typist[]; readonly isWhole: boolean }
);

const TYPING_SUBJECT = 'sync.typing';
/** About 100 KiB. */
export const MOST_TOLD = 1500;

export function tellTyping(bus: Bus, word: TypingWord): void {
  bus.publish(TYPING_SUBJECT, JSON.stringify(word));
}

export function hearTyping(bus: Bus, listener: (word: TypingWord) => void): Disposable {
  return bus.subscribe(TYPING_SUBJECT, message => listener(JSON.parse(message) as TypingWord));
}
