import { getString } from '../core/json.ts';
import type { Tx } from '../db/database.ts';
import { setRoomOpen } from './open-rooms.table.ts';
import type { RoomsParts } from './parts.ts';
import type { Room, StoredEvent } from './room.ts';
import type { StateKeyPair } from './room-state.ts';

const JOIN_RULES: StateKeyPair = ['m.room.join_rules', ''];
const HISTORY: StateKeyPair = ['m.room.history_visibility', ''];
const DECIDING: ReadonlySet<string> = new Set([JOIN_RULES[0], HISTORY[0]]);

/** Keeps the list of rooms that the user directory counts as public in step with the room's state. */
export async function openness(parts: RoomsParts, tx: Tx, room: Room, oldRoot: number, stored: StoredEvent) {
  const isWholeChange = stored.stateBefore === oldRoot && stored.stateAfter === stored.roomRoot;
  if (isWholeChange && !DECIDING.has(stored.event.type)) return;
  const events = await parts.state.events(tx, room, stored.roomRoot, [JOIN_RULES, HISTORY]);
  const says = (type: string, key: string, value: string) =>
    events.some(({ event }) => event.type === type && getString(event.content, key) === value);
  const isOpen = says(JOIN_RULES[0], 'join_rule', 'public') || says(HISTORY[0], 'history_visibility', 'world_readable');
  await setRoomOpen(tx, room.nid, isOpen);
}
