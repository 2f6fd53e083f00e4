import type { EventId, UserId } from '../core/ids.ts';
import { getObject, type Json, type JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import { type ClientView, clientEvent } from './event-format.ts';
import type { RoomsParts } from './parts.ts';
import { bundledRelations, type RelationRow, relationOf } from './relations.table.ts';
import { REDACTED, type Room, type StoredEvent } from './room.ts';
import { lastStay, visibleEvents } from './visibility.ts';

/**
 * `unsigned.m.relations` of some events: the latest edit, the thread's summary, the references (client-server API,
 * "Aggregations of child events"). Children that the viewer may not see, or whose sender is ignored, do not count.
 * Events without any have no entry.
 */
export async function bundle(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  view: ClientView,
  events: readonly StoredEvent[],
): Promise<Map<EventId, JsonObject>> {
  return bundleIn({ parts, db, room, view }, events, false);
}

interface Context {
  readonly parts: RoomsParts;
  readonly db: Queryable;
  readonly room: Room;
  readonly view: ClientView;
}

/** `nested`: within a thread's summary, where no thread is summed up again: chains of threads would never end. */
async function bundleIn(
  context: Context,
  events: readonly StoredEvent[],
  nested: boolean,
): Promise<Map<EventId, JsonObject>> {
  const out = new Map<EventId, JsonObject>();
  // State events have no aggregations.
  const targets = events.filter(stored => stored.event.stateKey === undefined);
  if (targets.length === 0) return out;
  const rows = await relationRows(context, targets, nested);
  if (rows.size === 0) return out;
  const children = await visibleChildren(context, [...rows.values()]);
  for (const target of targets) {
    const own = rows.get(target.event.id);
    if (own === undefined) continue;
    const relations = await relationsOf(context, target, own, children);
    if (Object.keys(relations).length > 0) out.set(target.event.id, relations);
  }
  return out;
}

async function relationRows(
  { parts, db, room, view }: Context,
  targets: readonly StoredEvent[],
  nested: boolean,
): Promise<Map<EventId, RelationRow[]>> {
  const ids = targets.map(stored => stored.event.id);
  const rows = await bundledRelations(db, room.nid, ids);
  if (rows.length === 0) return new Map();
  const { upTo } = await lastStay(parts, db, room, view);
  const ignored = await parts.nids.users.find(db, (view.ignored ?? []) as Iterable<UserId>);
  const unwanted = new Set(ignored.values());
  // Who left is not even told how many replies came later.
  const wanted = rows.filter(
    row =>
      !(nested && row.rel_type === 'm.thread') &&
      (!Number.isFinite(upTo) || row.pos <= upTo) &&
      !unwanted.has(row.sender_nid),
  );
  return Map.groupBy(wanted, row => row.target);
}

/** Of threads only the last replies are looked at, of edits all are candidates, of references all are listed. */
const LAST_REPLIES = 5;

async function visibleChildren(
  { parts, db, room, view }: Context,
  groups: readonly (readonly RelationRow[])[],
): Promise<Map<number, StoredEvent>> {
  const nids = groups.flatMap(rows => {
    const replies = rows.filter(row => row.rel_type === 'm.thread').slice(-LAST_REPLIES);
    return [...rows.filter(row => row.rel_type !== 'm.thread'), ...replies].map(row => row.event_nid);
  });
  const stored = await parts.events.byNids(db, nids);
  const seen = await visibleEvents(parts, db, room, view, [...stored.values()]);
  return new Map(seen.map(one => [one.stored.nid, one.stored]));
}

async function relationsOf(
  context: Context,
  target: StoredEvent,
  rows: readonly RelationRow[],
  children: ReadonlyMap<number, StoredEvent>,
): Promise<JsonObject> {
  const of = (type: string) => rows.filter(row => row.rel_type === type);
  const relations: JsonObject = {};
  const edit = latestEdit(target, of('m.replace'), children);
  if (edit !== undefined) relations['m.replace'] = clientEvent(edit);
  const thread = await threadSummary(context, target, of('m.thread'), children);
  if (thread !== undefined) relations['m.thread'] = thread;
  const references: Json[] = of('m.reference').flatMap(row => {
    const child = children.get(row.event_nid);
    return child === undefined ? [] : [{ event_id: child.event.id }];
  });
  if (references.length > 0) relations['m.reference'] = { chunk: references };
  return relations;
}

/**
 * The newest valid edit of an event that is no edit itself ("Validity of replacement events"). A redacted event has none any
 * more; its thread and what refers to it are still there.
 */
function latestEdit(
  target: StoredEvent,
  rows: readonly RelationRow[],
  children: ReadonlyMap<number, StoredEvent>,
): StoredEvent | undefined {
  if ((target.flags & REDACTED) !== 0 || relationOf(target.event.content)?.relType === 'm.replace') return undefined;
  const valid = rows.flatMap(row => {
    const edit = children.get(row.event_nid);
    return edit !== undefined && isEditOf(edit, target) ? [edit] : [];
  });
  return valid.reduce<StoredEvent | undefined>((best, edit) => {
    if (best === undefined || edit.event.ts > best.event.ts) return edit;
    return edit.event.ts === best.event.ts && edit.event.id > best.event.id ? edit : best;
  }, undefined);
}

/** Same sender and type, no state, and with new content where that can be seen. */
function isEditOf({ event: edit }: StoredEvent, { event: target }: StoredEvent): boolean {
  if (edit.sender !== target.sender || edit.type !== target.type || edit.stateKey !== undefined) return false;
  return edit.type === 'm.room.encrypted' || getObject(edit.content, 'm.new_content') !== undefined;
}

async function threadSummary(
  context: Context,
  target: StoredEvent,
  rows: readonly RelationRow[],
  children: ReadonlyMap<number, StoredEvent>,
): Promise<JsonObject | undefined> {
  const latest = rows.map(row => children.get(row.event_nid)).findLast(stored => stored !== undefined);
  if (latest === undefined) return undefined;
  const { view } = context;
  const relations = (await bundleIn(context, [latest], true)).get(latest.event.id);
  const participated = target.event.sender === view.userId || rows.some(row => row.sender_nid === view.userNid);
  return {
    latest_event: {
      ...clientEvent(latest),
      ...(relations === undefined ? {} : { unsigned: { 'm.relations': relations } }),
    },
    count: rows.length,
    current_user_participated: participated,
  };
}
