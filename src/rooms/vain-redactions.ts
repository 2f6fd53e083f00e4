import { namedLevel, redactionApplies, userLevel } from '../core/auth/power-levels.ts';
import type { StateLookup } from '../core/auth/verdict.ts';
import { type Event, redactsOf } from '../core/event.ts';
import type { EventId } from '../core/ids.ts';
import type { Queryable } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import { REDACTED, type Room, type StoredEvent } from './room.ts';
import type { StateKeyPair } from './room-state.ts';

/** What decides who may redact what. */
const DECIDING: readonly StateKeyPair[] = [
  ['m.room.create', ''],
  ['m.room.power_levels', ''],
];

/**
 * Of some events of one room all but redactions that nobody has to heed: from room version 3 on the rules let them into
 * the room, but clients, which ask for no right to them, must not be told (room version 3, "Handling redactions"). One
 * whose event comes later counts from then on; who may redact everything may redact what never comes.
 */
export async function withoutVainRedactions(
  parts: Pick<RoomsParts, 'events' | 'state'>,
  db: Queryable,
  room: Room,
  events: readonly StoredEvent[],
): Promise<readonly StoredEvent[]> {
  const doubtful = events.filter(isDoubtful);
  if (doubtful.length === 0) return events;
  const ids = doubtful.flatMap(({ event }) => redactsOf(event) ?? []);
  const targets = await parts.events.byIds(db, ids);
  const vain = new Set<StoredEvent>();
  for (const [root, some] of Map.groupBy(doubtful, stored => stored.stateBefore)) {
    const state = await parts.state.lookup(db, room, root, DECIDING);
    for (const stored of some) if (!isHeeded(stored.event, targets, state)) vain.add(stored);
  }
  return events.filter(stored => !vain.has(stored));
}

function isHeeded(redaction: Event, targets: ReadonlyMap<EventId, StoredEvent>, state: StateLookup): boolean {
  const id = redactsOf(redaction);
  const target = id === undefined ? undefined : targets.get(id);
  if (target !== undefined) return redactionApplies(redaction, target.event, state);
  return id !== undefined && userLevel(state, redaction.sender) >= namedLevel(state, 'redact');
}

/** In the first two room versions the rules have judged it. One that was redacted itself says nothing any more until version 10. */
function isDoubtful({ event, flags }: StoredEvent): boolean {
  if (event.type !== 'm.room.redaction' || event.version.redactionRule) return false;
  return (flags & REDACTED) === 0 || redactsOf(event) !== undefined;
}
