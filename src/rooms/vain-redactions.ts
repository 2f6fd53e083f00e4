import { namedLevel, redactionApplies, userLevel } from '../core/auth/power-levels.ts';
import { redactsOf } from '../core/event.ts';
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
  for (const stored of doubtful) {
    const id = redactsOf(stored.event);
    const target = id === undefined ? undefined : targets.get(id);
    const state = await parts.state.lookup(db, room, stored.stateBefore, DECIDING);
    const isHeeded =
      target === undefined
        ? id !== undefined && userLevel(state, stored.event.sender) >= namedLevel(state, 'redact')
        : redactionApplies(stored.event, target.event, state);
    if (!isHeeded) vain.add(stored);
  }
  return events.filter(stored => !vain.has(stored));
}

/** In the first two room versions the rules have judged it; one that was redacted itself may say nothing any more. */
function isDoubtful({ event, flags }: StoredEvent): boolean {
  return event.type === 'm.room.redaction' && !event.version.redactionRule && (flags & REDACTED) === 0;
}
