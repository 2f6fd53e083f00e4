import { redactedEvent } from '../core/event.ts';
import type { UserId } from '../core/ids.ts';
import type { Queryable } from '../db/database.ts';
import { erasedAmong } from './erased-users.table.ts';
import { getMember } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import { membershipName, type Room, type StoredEvent } from './room.ts';
import { membershipOf, type SeenEvent, type Viewer } from './seen-event.ts';

/** How far back a chain of own membership events is followed. */
const LONGEST_CHAIN = 30;

/**
 * What a viewer sees, with redacted copies of the events of users who have asked to be forgotten, where the viewer was
 * neither in the room when the event came nor when they asked (client-server API, `POST /account/deactivate`, `erase`).
 */
export async function withoutErased(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  viewer: Viewer,
  seen: readonly SeenEvent[],
): Promise<SeenEvent[]> {
  const foreign = seen.filter(({ membership }) => membership !== 'join').map(({ stored }) => stored);
  const erased = await erasedSenders(parts, db, foreign);
  if (erased.size === 0) return [...seen];
  const joinedAt = await stayBegan(parts, db, room, viewer);
  return seen.map(one => {
    const erasedTs = one.membership === 'join' ? undefined : erased.get(one.stored.event.sender);
    if (erasedTs === undefined || joinedAt <= erasedTs) return one;
    return { ...one, stored: { ...one.stored, event: redactedEvent(one.stored.event) } };
  });
}

/** When those of the events' senders asked to be forgotten who did. */
export async function erasedSenders(
  parts: RoomsParts,
  db: Queryable,
  events: readonly StoredEvent[],
): Promise<Map<UserId, number>> {
  const nids = await parts.nids.users.find(db, new Set(events.map(({ event }) => event.sender)));
  if (nids.size === 0) return new Map();
  const erased = await erasedAmong(db, [...nids.values()]);
  return new Map(
    [...nids].flatMap(([user, nid]) => {
      const ts = erased.get(nid);
      return ts === undefined ? [] : [[user, ts] as const];
    }),
  );
}

/** When the viewer came into the room that they are in; infinite for those who are not in it. */
async function stayBegan(parts: RoomsParts, db: Queryable, room: Room, viewer: Viewer): Promise<number> {
  const row = await getMember(db, room.nid, viewer.userNid);
  if (row === undefined || membershipName(row.membership) !== 'join') return Number.POSITIVE_INFINITY;
  let first = await parts.events.byNid(db, row.event_nid);
  for (let step = 0; first?.replacesNid !== undefined && step < LONGEST_CHAIN; step++) {
    const before = await parts.events.byNid(db, first.replacesNid);
    if (membershipOf(before) !== 'join') break;
    first = before;
  }
  return first?.event.ts ?? Number.POSITIVE_INFINITY;
}
