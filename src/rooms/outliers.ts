import type { Event } from '../core/event.ts';
import type { EventId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import { authIdsOf, judgeByAuthEvents } from './judge-event.ts';
import { type Placeless, writePlaceless } from './new-events.ts';
import type { RoomsParts } from './parts.ts';
import { OUTLIER, REJECTED, type Room, type StoredEvent } from './room.ts';

/** `known`: it was stored before, as whatever. `unjudged`: its auth events are not all known, so it is not stored. */
export type OutlierOutcome = 'accepted' | 'rejected' | 'known' | 'unjudged';

/**
 * Stores events without a place in the room: of a state or an auth chain that another server told. Each is authorised by
 * the auth events that it names, which must be known or stand before it. One transaction should not take more than a
 * few hundred.
 */
export async function storeOutliers(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  events: readonly Event[],
): Promise<ReadonlyMap<EventId, OutlierOutcome>> {
  const ids = events.flatMap(event => [event.id, ...authIdsOf(event)]);
  const known = new Map<EventId, Pick<StoredEvent, 'event' | 'flags'>>(await parts.events.byIds(tx, ids));
  const outcomes = new Map<EventId, OutlierOutcome>();
  const fresh: Placeless[] = [];
  for (const event of events) {
    if (outcomes.has(event.id)) continue;
    if (known.has(event.id)) {
      outcomes.set(event.id, 'known');
      continue;
    }
    const verdict = judgeByAuthEvents(event, id => known.get(id), parts.crypto);
    if (!verdict.ok && isMissing(event, known)) {
      outcomes.set(event.id, 'unjudged');
      continue;
    }
    const flags = OUTLIER | (verdict.ok ? 0 : REJECTED);
    fresh.push({ event, flags, reason: verdict.ok ? undefined : verdict.reason });
    known.set(event.id, { event, flags });
    outcomes.set(event.id, verdict.ok ? 'accepted' : 'rejected');
  }
  await writePlaceless(parts, tx, room, fresh);
  return outcomes;
}

function isMissing(event: Event, known: ReadonlyMap<EventId, unknown>): boolean {
  return authIdsOf(event).some(id => !known.has(id));
}
