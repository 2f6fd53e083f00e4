import type { Queryable } from '../../db/database.ts';
import { type Sql, sql } from '../../db/sql.ts';

/** Another server as a receiver; the fields of its standing are null while it takes what it is sent. */
export interface DestinationRow {
  readonly name: string;
  readonly failing_since: number | null;
  readonly tried_at: number | null;
  readonly retry_at: number | null;
  readonly reason: string | null;
}

const ORDERS = {
  destination: sql`n.name`,
  retry_last_ts: sql`coalesce(d.tried_at, 0)`,
  retry_interval: sql`coalesce(d.retry_at - d.tried_at, 0)`,
  failure_ts: sql`coalesce(d.failing_since, 0)`,
} as const;

export type DestinationOrder = keyof typeof ORDERS;
export const DESTINATION_ORDERS = Object.keys(ORDERS) as DestinationOrder[];

export interface DestinationQuery {
  /** Part of the name. */
  readonly search: string | undefined;
  readonly order: DestinationOrder;
  readonly backward: boolean;
  readonly from: number;
  readonly limit: number;
}

/** Servers in a room of ours, and those that something is known against; not this server itself. */
function known(own: number): Sql {
  return sql`(select domain_nid from room_domain union select domain_nid from destination) k
    join domain n on n.nid = k.domain_nid and n.nid <> ${own} left join destination d on d.domain_nid = k.domain_nid`;
}

const COLUMNS = sql`n.name, d.failing_since, d.tried_at, d.retry_at, d.reason`;

export async function destinations(
  db: Queryable,
  own: number,
  { search, order, backward, from, limit }: DestinationQuery,
): Promise<{ readonly rows: DestinationRow[]; readonly total: number }> {
  const named = search === undefined ? sql.empty : sql`where lower(n.name) like ${likePart(search)} escape '\\'`;
  const direction = backward ? sql`desc` : sql`asc`;
  const rows = await db.all<DestinationRow>(sql`select ${COLUMNS} from ${known(own)} ${named}
    order by ${ORDERS[order]} ${direction}, n.name ${direction} limit ${limit} offset ${from}`);
  const count = await db.get<{ total: number }>(sql`select count(*) as total from ${known(own)} ${named}`);
  return { rows, total: count?.total ?? 0 };
}

export function destinationNamed(db: Queryable, own: number, name: string): Promise<DestinationRow | undefined> {
  return db.get<DestinationRow>(sql`select ${COLUMNS} from ${known(own)} where n.name = ${name}`);
}

/** The rooms that a server is in, by ID. */
export async function roomsWithServer(
  db: Queryable,
  name: string,
  { backward, from, limit }: Pick<DestinationQuery, 'backward' | 'from' | 'limit'>,
): Promise<{ readonly roomIds: string[]; readonly total: number }> {
  const shared = sql`room_domain s join domain n on n.nid = s.domain_nid join room r on r.nid = s.room_nid
    where n.name = ${name}`;
  const direction = backward ? sql`desc` : sql`asc`;
  const rows = await db.all<{ room_id: string }>(
    sql`select r.room_id from ${shared} order by r.room_id ${direction} limit ${limit} offset ${from}`,
  );
  const count = await db.get<{ total: number }>(sql`select count(*) as total from ${shared}`);
  return { roomIds: rows.map(row => row.room_id), total: count?.total ?? 0 };
}

function likePart(text: string): string {
  return `%${text.toLowerCase().replace(/[\\%_]/g, character => `\\${character}`)}%`;
}
