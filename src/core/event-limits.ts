import { fits } from './ids.ts';
import type { RoomVersion } from './room-versions.ts';

/** Server-server API, "PDUs": what an event may hold at most. */
export const MAX_PREV_EVENTS = 20;
export const MAX_AUTH_EVENTS = 10;
/** Client-server API, "Size limits": canonical JSON with signatures. */
export const MAX_EVENT_BYTES = 65_536;
const MAX_FIELD = 255;

/** What of an event is limited in length. */
export interface LimitedFields {
  readonly id: string;
  readonly roomId: string;
  readonly version: RoomVersion;
  readonly type: string;
  readonly stateKey: string | undefined;
  readonly sender: string;
}

/** A field so long that the event may not exist; undefined when there is none. */
export function overLimit(event: LimitedFields): string | undefined {
  for (const [name, value] of limitedFields(event)) {
    if (value.length <= MAX_FIELD && (fits(value) || !event.version.strictByteLimits)) continue;
    if (event.version.strictByteLimits || codePoints(value) > MAX_FIELD) return name;
  }
  return undefined;
}

/**
 * A field of more than 255 bytes. Before version 11 such an event exists (Synapse counted code points for years,
 * and others build on those events) but is rejected by the auth rules.
 */
export function fieldOverByteLimit(event: LimitedFields): string | undefined {
  for (const [name, value] of limitedFields(event)) if (!fits(value)) return name;
  return undefined;
}

function limitedFields(event: LimitedFields): [string, string][] {
  return [
    ['sender', event.sender],
    ['room_id', event.roomId],
    ['state_key', event.stateKey ?? ''],
    ['type', event.type],
    ['event_id', event.id],
  ];
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
