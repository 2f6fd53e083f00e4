import { creatorOf } from '../core/auth/power-levels.ts';
import type { Event } from '../core/event.ts';
import { getString } from '../core/json.ts';
import type { Tx } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import type { Room, StoredEvent } from './room.ts';
import { type RoomFacts, roomsWithoutFacts, writeRoomFacts } from './room-facts.table.ts';
import { roomHead } from './rooms.table.ts';

/** Others' rooms say what they like; longer texts are cut in lists. */
const LONGEST = 255;
const BATCH = 100;

const NOTHING: RoomFacts = {
  name: null,
  alias: null,
  creator: null,
  room_type: null,
  encryption: null,
  join_rule: null,
  guest_access: null,
  history_visibility: null,
  federatable: 1,
};

/** What each type of state event says. */
const READERS: Readonly<Record<string, (event: Event) => Partial<RoomFacts>>> = {
  'm.room.create': event => ({
    creator: cut(creatorOf(event)),
    room_type: textIn(event, 'type'),
    federatable: event.content['m.federate'] === false ? 0 : 1,
  }),
  'm.room.name': event => ({ name: textIn(event, 'name') }),
  'm.room.canonical_alias': event => ({ alias: textIn(event, 'alias') }),
  'm.room.encryption': event => ({ encryption: textIn(event, 'algorithm') }),
  'm.room.join_rules': event => ({ join_rule: textIn(event, 'join_rule') }),
  'm.room.guest_access': event => ({ guest_access: textIn(event, 'guest_access') }),
  'm.room.history_visibility': event => ({ history_visibility: textIn(event, 'history_visibility') }),
};
const PAIRS = Object.keys(READERS).map(type => [type, ''] as const);

function textIn(event: Event, key: string): string | null {
  return cut(getString(event.content, key));
}

function cut(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text.slice(0, LONGEST).toWellFormed();
}

function readerOf(event: Event): ((event: Event) => Partial<RoomFacts>) | undefined {
  return event.stateKey === '' && Object.hasOwn(READERS, event.type) ? READERS[event.type] : undefined;
}

/** Keeps the facts in step with the room's state, which `stored` moved from `oldRoot` to `stored.roomRoot`. */
export async function keepFacts(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  oldRoot: number,
  stored: StoredEvent,
): Promise<void> {
  const isWholeChange = stored.stateBefore === oldRoot && stored.stateAfter === stored.roomRoot;
  if (!isWholeChange) return writeAll(parts, tx, room, stored.roomRoot);
  const read = readerOf(stored.event);
  if (read !== undefined) await writeRoomFacts(tx, room.nid, read(stored.event));
}

async function writeAll(parts: RoomsParts, tx: Tx, room: Room, root: number): Promise<void> {
  const events = await parts.state.events(tx, room, root, PAIRS);
  const facts = events.map(({ event }) => readerOf(event)?.(event) ?? {});
  await writeRoomFacts(tx, room.nid, Object.assign({}, NOTHING, ...facts));
}

/** A state event was redacted: what it said is a fact no more, if it is in force. */
export async function forgetRedactedFacts(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  target: StoredEvent,
  redacted: Event,
): Promise<void> {
  const read = readerOf(redacted);
  if (read === undefined) return;
  const { state_root: root } = await roomHead(tx, room.nid);
  const [current] = await parts.state.nidsAt(tx, room, [{ root, pair: [redacted.type, ''] }]);
  if (current === target.nid) await writeRoomFacts(tx, room.nid, read(redacted));
}

/** Writes down the facts of rooms that have none yet: those of a database from before there was a list. */
export async function fillRoomFacts(parts: RoomsParts): Promise<void> {
  for (;;) {
    const missing = await roomsWithoutFacts(parts.db, BATCH);
    if (missing.length === 0) return;
    const rooms = await parts.rooms.byNids(
      parts.db,
      missing.map(row => row.nid),
    );
    await parts.db.tx(async tx => {
      for (const { nid, state_root: root } of missing) {
        const room = rooms.get(nid);
        if (room === undefined) await writeRoomFacts(tx, nid, NOTHING);
        else await writeAll(parts, tx, room, root);
      }
    });
  }
}
