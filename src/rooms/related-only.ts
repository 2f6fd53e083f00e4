import type { UserId } from '../core/ids.ts';
import type { Queryable } from '../db/database.ts';
import type { RelatedBy } from './event-filter.ts';
import type { RoomsParts } from './parts.ts';
import { relatedTargets } from './relations.table.ts';
import type { Room, StoredEvent } from './room.ts';

/**
 * Those of some events of a room that a filter lets pass for what points to them (client-server API, RoomEventFilter,
 * `related_by_rel_types` and `related_by_senders`).
 */
export async function relatedOnly(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  events: readonly StoredEvent[],
  wanted: RelatedBy | undefined,
): Promise<readonly StoredEvent[]> {
  if (wanted === undefined || events.length === 0) return events;
  const { relTypes, senders } = wanted;
  const senderNids = senders && [...(await parts.nids.users.find(db, senders as readonly UserId[])).values()];
  const ids = events.map(({ event }) => event.id);
  const related = await relatedTargets(db, room.nid, ids, { relTypes, senderNids });
  return events.filter(({ event }) => related.has(event.id));
}
