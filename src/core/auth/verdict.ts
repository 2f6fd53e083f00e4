import type { Event } from '../event.ts';

/** The outcome of the authorisation rules. `rule` is a stable name for logs and tests, `reason` is for people. */
export type AuthVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly rule: string; readonly reason: string };

/** The event in a room state under (type, state key), or undefined. Must answer with accepted events only. */
export type StateLookup = (type: string, stateKey: string) => Event | undefined;

export const ALLOW: AuthVerdict = { ok: true };

export function reject(rule: string, reason: string): AuthVerdict {
  return { ok: false, rule, reason };
}

/** A lookup over a few events. Of several under one key the last counts. */
export function lookupOf(events: Iterable<Event | undefined>): StateLookup {
  const byType = new Map<string, Map<string, Event>>();
  for (const event of events) {
    if (event?.stateKey === undefined) continue;
    let byKey = byType.get(event.type);
    if (byKey === undefined) {
      byKey = new Map();
      byType.set(event.type, byKey);
    }
    byKey.set(event.stateKey, event);
  }
  return (type, stateKey) => byType.get(type)?.get(stateKey);
}
