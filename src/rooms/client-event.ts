import type { EventId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import { bundle } from './bundle.ts';
import { onlyFields } from './event-fields.ts';
import { type ClientFormat, type ClientView, clientEvent } from './event-format.ts';
import type { RoomsParts } from './parts.ts';
import { visiblePrevious } from './previous-state.ts';
import { redactionsOf } from './redactions.table.ts';
import { REDACTED, type Room, type StoredEvent } from './room.ts';
import { transactionIds } from './transactions.table.ts';
import { withoutVainRedactions } from './vain-redactions.ts';
import type { SeenEvent } from './visibility.ts';

/**
 * Events of one room as one viewer sees them, with `unsigned`: age, membership, what was replaced, the redaction,
 * the transaction ID for the device that sent it, and bundled aggregations. Everything is looked up in batches.
 */
export async function clientEvents(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  view: ClientView,
  seen: readonly SeenEvent[],
  format: ClientFormat = {},
): Promise<JsonObject[]> {
  const events = seen.map(({ stored }) => stored);
  const replaced = await parts.events.byNids(
    db,
    events.filter(stored => hasPrevious(stored, view, format)).flatMap(stored => stored.replacesNid ?? []),
  );
  const previous = await visiblePrevious(parts, db, room, view, { seen, replaced });
  const redactions = await redactionsFor(parts, db, room, events);
  const own = await ownTransactions(db, view, events);
  const bundles =
    format.withoutBundle === true ? new Map<EventId, JsonObject>() : await bundle(parts, db, room, view, events);
  const now = parts.clock.now();
  return seen.map(({ stored, membership }) => {
    const unsigned: JsonObject = { age: Math.max(0, now - stored.event.ts) };
    if (membership !== undefined) unsigned.membership = membership;
    const before = stored.replacesNid === undefined ? undefined : replaced.get(stored.replacesNid);
    if (before !== undefined) {
      unsigned.replaces_state = before.event.id;
      const shown = previous.get(before.nid)?.event;
      if (shown !== undefined) Object.assign(unsigned, { prev_content: shown.content, prev_sender: shown.sender });
    }
    const redaction = redactions.get(stored.event.id);
    if (redaction !== undefined) unsigned.redacted_because = clientEvent(redaction, format);
    const txnId = own.get(stored.event.id);
    if (txnId !== undefined) unsigned.transaction_id = txnId;
    const relations = bundles.get(stored.event.id);
    if (relations !== undefined) unsigned['m.relations'] = relations;
    const whole = { ...clientEvent(stored, format), unsigned };
    return format.fields === undefined ? whole : onlyFields(whole, format.fields);
  });
}

function hasPrevious({ event }: StoredEvent, { userId }: ClientView, format: ClientFormat): boolean {
  if (format.withoutPrevious !== true) return true;
  return format.ownPrevious === true && event.type === 'm.room.member' && event.stateKey === userId;
}

async function redactionsFor(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  events: readonly StoredEvent[],
): Promise<Map<EventId, StoredEvent>> {
  const redacted = events.filter(stored => (stored.flags & REDACTED) !== 0).map(stored => stored.event.id);
  const found = new Map<EventId, StoredEvent>();
  if (redacted.length === 0) return found;
  const rows = await redactionsOf(db, room.nid, redacted);
  const stored = await parts.events.byNids(
    db,
    rows.map(row => row.event_nid),
  );
  const heeded = await withoutVainRedactions(parts, db, room, [...stored.values()]);
  const redactions = new Map(heeded.map(each => [each.nid, each]));
  // What was redacted itself may not say any more whether it had a right.
  const isRedacted = (nid: number) => ((redactions.get(nid)?.flags ?? 0) & REDACTED) !== 0;
  for (const row of rows.toSorted((a, b) => Number(isRedacted(a.event_nid)) - Number(isRedacted(b.event_nid)))) {
    const redaction = redactions.get(row.event_nid);
    if (redaction !== undefined && !found.has(row.redacts)) found.set(row.redacts, redaction);
  }
  return found;
}

async function ownTransactions(
  db: Queryable,
  view: ClientView,
  events: readonly StoredEvent[],
): Promise<Map<EventId, string>> {
  const own = events.filter(stored => stored.event.sender === view.userId).map(stored => stored.event.id);
  if (own.length === 0 || view.deviceId === undefined) return new Map();
  return transactionIds(db, view.userNid, view.deviceId, own);
}
