import type { EventId } from '../core/ids.ts';
import { getObject, getString } from '../core/json.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';
import type { StoredEvent } from './room.ts';

export interface Relation {
  readonly target: EventId;
  readonly relType: string;
  readonly key: string | null;
}

/** What an event says it relates to (client-server API, "Forming relationships between events"), where it is well-formed. */
export function relationOf(content: StoredEvent['event']['content']): Relation | undefined {
  const relates = getObject(content, 'm.relates_to');
  if (relates === undefined) return undefined;
  const target = getString(relates, 'event_id');
  const relType = getString(relates, 'rel_type');
  if (target === undefined || relType === undefined || target.length > 255 || relType.length > 255) return undefined;
  const key = getString(relates, 'key');
  return { target: target as EventId, relType, key: key === undefined ? null : key.slice(0, 255) };
}

export async function recordRelation(
  tx: Tx,
  stored: StoredEvent & { readonly pos: number },
  { senderNid, typeNid }: { senderNid: number; typeNid: number },
): Promise<void> {
  const relation = relationOf(stored.event.content);
  if (relation === undefined || relation.target === stored.event.id) return;
  await tx.run(sql`insert into relation (room_nid, target, rel_type, event_nid, type_nid, sender_nid, pos, aggregation_key)
    values (${stored.roomNid}, ${relation.target}, ${relation.relType}, ${stored.nid}, ${typeNid}, ${senderNid},
      ${stored.pos}, ${relation.key}) on conflict do nothing`);
}

/** A redacted event relates to nothing any more. */
export async function deleteRelations(
  tx: Tx,
  roomNid: number,
  target: EventId | undefined,
  eventNid: number,
): Promise<void> {
  if (target === undefined) return;
  await tx.run(
    sql`delete from relation where room_nid = ${roomNid} and target = ${target} and event_nid = ${eventNid}`,
  );
}

export interface RelationRow {
  readonly target: EventId;
  readonly rel_type: string;
  readonly event_nid: number;
  readonly type_nid: number;
  readonly sender_nid: number;
  readonly pos: number;
}

export interface RelationFilter {
  readonly relType?: string | undefined;
  readonly typeNid?: number | undefined;
  readonly senderNid?: number | undefined;
  readonly key?: string | undefined;
}

/** Events that relate to `target`, by position. */
export async function relationsTo(
  db: Queryable,
  roomNid: number,
  target: EventId,
  filter: RelationFilter,
  range: { direction: 'f' | 'b'; after: number; upTo: number },
  limit: number,
): Promise<RelationRow[]> {
  const conditions: Sql[] = [
    sql`room_nid = ${roomNid}`,
    sql`target = ${target}`,
    sql`pos > ${range.after}`,
    sql`pos <= ${range.upTo}`,
  ];
  if (filter.relType !== undefined) conditions.push(sql`rel_type = ${filter.relType}`);
  if (filter.typeNid !== undefined) conditions.push(sql`type_nid = ${filter.typeNid}`);
  if (filter.senderNid !== undefined) conditions.push(sql`sender_nid = ${filter.senderNid}`);
  if (filter.key !== undefined) conditions.push(sql`aggregation_key = ${filter.key}`);
  const order = range.direction === 'b' ? sql`order by pos desc` : sql`order by pos`;
  return db.all<RelationRow>(sql`select target, rel_type, event_nid, type_nid, sender_nid, pos from relation
    where ${sql.all(conditions)} ${order} limit ${limit}`);
}

/** All relations of the kinds that are bundled (replacements, threads, references) to some events of a room. */
export async function bundledRelations(
  db: Queryable,
  roomNid: number,
  targets: readonly EventId[],
): Promise<RelationRow[]> {
  return db.all<RelationRow>(sql`select target, rel_type, event_nid, type_nid, sender_nid, pos from relation
    where room_nid = ${roomNid} and target ${sql.in(targets)} and rel_type in ('m.replace', 'm.thread', 'm.reference')
    order by pos`);
}

/** Events that relate to any of some events of a room, by position. */
export async function relationsToAny(
  db: Queryable,
  roomNid: number,
  targets: readonly EventId[],
  limit: number,
): Promise<RelationRow[]> {
  return db.all<RelationRow>(sql`select target, rel_type, event_nid, type_nid, sender_nid, pos from relation
    where room_nid = ${roomNid} and target ${sql.in(targets)} order by pos limit ${limit}`);
}

/** Those of some events of a room that events of one of these types and by one of these senders relate to. */
export async function relatedTargets(
  db: Queryable,
  roomNid: number,
  targets: readonly EventId[],
  { relTypes, senderNids }: { relTypes: readonly string[] | undefined; senderNids: readonly number[] | undefined },
): Promise<Set<EventId>> {
  const conditions: Sql[] = [sql`room_nid = ${roomNid}`, sql`target ${sql.in(targets)}`];
  if (relTypes !== undefined) conditions.push(sql`rel_type ${sql.in(relTypes)}`);
  if (senderNids !== undefined) conditions.push(sql`sender_nid ${sql.in(senderNids)}`);
  const rows = await db.all<{ target: EventId }>(
    sql`select distinct target from relation where ${sql.all(conditions)}`,
  );
  return new Set(rows.map(row => row.target));
}

export interface ThreadRow {
  /** The thread's root. */
  readonly target: EventId;
  /** Position of its last reply. */
  readonly pos: number;
}

/**
 * The threads of a room, the one with the newest reply first, of those whose last reply is at `from` or before.
 * Replies after `upTo` count as if they were not there.
 */
export async function threads(
  db: Queryable,
  roomNid: number,
  { from, upTo, participant, limit }: { from: number; upTo: number; participant: number | undefined; limit: number },
): Promise<ThreadRow[]> {
  const mine =
    participant === undefined
      ? sql.empty
      : sql`and (exists (select 1 from relation own where own.room_nid = r.room_nid and own.target = r.target
            and own.rel_type = 'm.thread' and own.sender_nid = ${participant})
          or exists (select 1 from event root where root.event_id = r.target and root.sender_nid = ${participant}))`;
  return db.all<ThreadRow>(sql`select target, max(pos) as pos from relation r
    where room_nid = ${roomNid} and rel_type = 'm.thread' and pos <= ${upTo} ${mine}
    group by room_nid, target having max(pos) <= ${from} order by max(pos) desc limit ${limit}`);
}
