import type { RoomId } from '../core/ids.ts';
import type { Queryable } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';
import type { RoomFacts } from './room-facts.table.ts';

export interface ListedRoomRow extends RoomFacts {
  readonly nid: number;
  readonly room_id: RoomId;
  readonly version: string;
  readonly joined_count: number;
  readonly joined_local: number;
  readonly is_public: number;
  readonly state_root: number;
}

/** Which rooms are wanted. What is undefined does not matter. */
export interface RoomFilter {
  /** Part of the name, of the localpart of the main alias, or of the ID. */
  readonly search?: string | undefined;
  readonly isPublic?: boolean | undefined;
  readonly isEmpty?: boolean | undefined;
}

const text = (column: Sql) => sql`lower(coalesce(${column}, ''))`;

/** What a list can be sorted by, and whether the greatest come first unless asked otherwise. */
const ORDERS = {
  name: { by: text(sql`f.name`), descends: false },
  canonical_alias: { by: text(sql`f.alias`), descends: false },
  joined_members: { by: sql`r.joined_count`, descends: true },
  joined_local_members: { by: sql`coalesce(d.joined, 0)`, descends: true },
  version: { by: sql`r.version`, descends: true },
  creator: { by: text(sql`f.creator`), descends: false },
  encryption: { by: text(sql`f.encryption`), descends: false },
  federatable: { by: sql`coalesce(f.federatable, 1)`, descends: false },
  public: { by: sql`r.is_public`, descends: false },
  join_rules: { by: text(sql`f.join_rule`), descends: false },
  guest_access: { by: text(sql`f.guest_access`), descends: false },
  history_visibility: { by: text(sql`f.history_visibility`), descends: false },
  room_id: { by: sql`r.room_id`, descends: false },
} as const;

export type RoomOrder = keyof typeof ORDERS;
export const ROOM_ORDERS = Object.keys(ORDERS) as RoomOrder[];

const COLUMNS = sql`r.nid, r.room_id, r.version, r.joined_count, coalesce(d.joined, 0) as joined_local, r.is_public,
  r.state_root, f.name, f.alias, f.creator, f.room_type, f.encryption, f.join_rule, f.guest_access,
  f.history_visibility, coalesce(f.federatable, 1) as federatable`;

/** Rooms that we were never in, and know of by an invite only, have no state. */
function from(ownDomainNid: number): Sql {
  return sql`from room r left join room_facts f on f.room_nid = r.nid
    left join room_domain d on d.room_nid = r.nid and d.domain_nid = ${ownDomainNid}`;
}

/** A page of rooms; those that are equal by `order` stand by ID. */
export function listRooms(
  db: Queryable,
  ownDomainNid: number,
  filter: RoomFilter,
  page: { readonly order: RoomOrder; readonly backward: boolean; readonly from: number; readonly limit: number },
): Promise<ListedRoomRow[]> {
  const { by, descends } = ORDERS[page.order];
  const direction = descends === page.backward ? sql`asc` : sql`desc`;
  return db.all<ListedRoomRow>(sql`select ${COLUMNS} ${from(ownDomainNid)} where ${conditions(filter)}
    order by ${by} ${direction}, r.room_id limit ${page.limit} offset ${page.from}`);
}

export async function countRooms(db: Queryable, filter: RoomFilter): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(*) as n from room r
    left join room_facts f on f.room_nid = r.nid where ${conditions(filter)}`);
  return row?.n ?? 0;
}

export function listedRoom(db: Queryable, ownDomainNid: number, roomNid: number): Promise<ListedRoomRow | undefined> {
  return db.get<ListedRoomRow>(sql`select ${COLUMNS} ${from(ownDomainNid)} where r.nid = ${roomNid}`);
}

/** Whether a local user is in the room, or was and has not forgotten it. */
export async function isRememberedBy(db: Queryable, roomNid: number, domainNid: number): Promise<boolean> {
  const row = await db.get(sql`select 1 as found from room_member
    where room_nid = ${roomNid} and domain_nid = ${domainNid} and forgotten = 0 limit 1`);
  return row !== undefined;
}

function conditions({ search, isPublic, isEmpty }: RoomFilter): Sql {
  const all: Sql[] = [];
  if (isPublic !== undefined) all.push(sql`r.is_public = ${isPublic ? 1 : 0}`);
  if (isEmpty !== undefined) all.push(isEmpty ? sql`r.joined_count = 0` : sql`r.joined_count > 0`);
  if (search !== undefined) {
    const term = search.replace(/[\\%_]/g, '\\$&');
    all.push(sql`(lower(f.name) like lower(${`%${term}%`}) escape '\\'
      or lower(f.alias) like lower(${`#%${term}%:%`}) escape '\\' or r.room_id like ${`%${term}%`} escape '\\')`);
  }
  return sql.all(all);
}
