import type { Bus } from '../../bus/bus.ts';
import type { Told } from './told-presence.ts';
import type { PresenceState } from './user-presence.ts';

/** How a user's devices are at one process. Times are milliseconds since the epoch. */
export type Present = readonly [userNid: number, state: PresenceState, lastActive: number];

/** What processes tell each other of presence. `run` is the process that says it, `stamp` that of the change. */
export type PresenceWord = { readonly run: string } & (
  | { readonly kind: 'is'; readonly stamp: number; readonly present: Present }
  /** A user has set a status message, or taken it away. */
  | { readonly kind: 'says'; readonly stamp: number; readonly present: Present; readonly statusMsg: string | null }
  /** A device says how it is, and the last word of a device counts, wherever it was said. */
  | {
      readonly kind: 'device';
      readonly stamp: number;
      readonly userNid: number;
      readonly deviceId: string;
      readonly state: PresenceState;
    }
  /** What another server says of its user. */
  | { readonly kind: 'told'; readonly stamp: number; readonly userNid: number; readonly told: Told }
  /** It has begun and wants to know who is there. */
  | { readonly kind: 'ask' }
  /** Some of those who are there at this process: said again and again, so that nothing lost does harm for long. */
  | { readonly kind: 'here'; readonly present: readonly Present[] }
  /** It ends: nobody is there any more. */
  | { readonly kind: 'bye' }
);

const PRESENCE_SUBJECT = 'sync.presence';
/** About 30 KB. */
const MOST_AT_ONCE = 1000;

export function tellPresence(bus: Bus, word: PresenceWord): void {
  bus.publish(PRESENCE_SUBJECT, JSON.stringify(word));
}

export function tellWhoIsHere(bus: Bus, run: string, present: readonly Present[]): void {
  for (let at = 0; at < present.length; at += MOST_AT_ONCE)
    tellPresence(bus, { kind: 'here', run, present: present.slice(at, at + MOST_AT_ONCE) });
}

export function hearPresence(bus: Bus, listener: (word: PresenceWord) => void): Disposable {
  return bus.subscribe(PRESENCE_SUBJECT, message => listener(JSON.parse(message) as PresenceWord));
}
