import type { Log } from '../base/log.ts';
import type { JsonObject } from '../core/json.ts';

/** An object that this server stored. A row that somebody broke is reported and left out; it stops no other. */
export function storedObject(log: Log, text: string, what: string): JsonObject | undefined {
  try {
    return JSON.parse(text) as JsonObject;
  } catch (err) {
    log.error(`A stored ${what} is no JSON and is left out.`, { err });
    return undefined;
  }
}

/** An answer keyed by names that strangers chose: a device may be called `__proto__`. */
export function emptyMap<T>(): { [name: string]: T } {
  return Object.create(null) as { [name: string]: T };
}
