import type { RoomId } from '../../core/ids.ts';
import { getObject, getString, isObject, type Json, type JsonObject } from '../../core/json.ts';
import type { RoomVersion } from '../../core/room-versions.ts';
import type { CheckedEvents } from '../events/checked-events.ts';

/** What is kept of what another server tells of a room with an invite or a knock. */
const MOST_ENTRIES = 50;
const MOST_BYTES = 256 * 1024;

/**
 * Stripped state events for our client from `invite_room_state` or `knock_room_state` (client-server API, "Stripped
 * state"). Whole events have to be of the room and signed by their senders. Stripped ones are taken as they are, in all
 * room versions: most servers send nothing else (docs/decisions/0034). What is neither is left out.
 */
export async function readToldState(
  checked: CheckedEvents,
  told: Json | undefined,
  room: { readonly roomId: RoomId; readonly version: RoomVersion },
): Promise<JsonObject[]> {
  const entries = (Array.isArray(told) ? told : []).slice(0, MOST_ENTRIES).filter(isObject);
  const whole = await wholeEvents(checked, entries.filter(isWhole), room);
  const stripped: JsonObject[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const event = isWhole(entry) ? whole.get(entry) : entry;
    const one = event === undefined ? undefined : strip(event);
    if (one === undefined) continue;
    bytes += JSON.stringify(one).length;
    if (bytes > MOST_BYTES) break;
    stripped.push(one);
  }
  return stripped;
}

function isWhole(entry: JsonObject): boolean {
  return Object.hasOwn(entry, 'signatures') || Object.hasOwn(entry, 'hashes');
}

/** Those that are what they claim to be. */
async function wholeEvents(
  checked: CheckedEvents,
  entries: readonly JsonObject[],
  { roomId, version }: { readonly roomId: RoomId; readonly version: RoomVersion },
): Promise<ReadonlyMap<JsonObject, JsonObject>> {
  const good = new Map<JsonObject, JsonObject>();
  const verdicts = await checked.read(entries, version);
  for (const [at, verdict] of verdicts.entries()) {
    if (verdict.outcome === 'good' && verdict.event.roomId === roomId) good.set(entries[at]!, verdict.event.pdu);
  }
  return good;
}

function strip(event: JsonObject): JsonObject | undefined {
  const [type, stateKey, sender] = [
    getString(event, 'type'),
    getString(event, 'state_key'),
    getString(event, 'sender'),
  ];
  const content = getObject(event, 'content');
  if (type === undefined || stateKey === undefined || sender === undefined || content === undefined) return undefined;
  return { type, state_key: stateKey, sender, content };
}
