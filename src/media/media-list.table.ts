import type { ServerName, UserId } from '../core/ids.ts';
import type { Queryable } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';
import type { MediaId } from './media-id.ts';

/** A file as administrators see it. Times in milliseconds since the epoch. */
export interface ListedMedia {
  readonly nid: number;
  readonly origin: ServerName;
  readonly media_id: MediaId;
  /** Null for media of other servers and pictures of previews. */
  readonly owner: UserId | null;
  readonly content_type: string | null;
  readonly file_name: string | null;
  readonly file_id: string | null;
  readonly size: number | null;
  readonly sha256: Uint8Array | null;
  readonly created: number;
  readonly last_access: number;
  readonly quarantined: number;
  readonly quarantined_by: UserId | null;
  readonly protected: number;
}

const COLUMNS = sql`m.nid, d.name as origin, m.media_id, u.user_id as owner, m.content_type, m.file_name, m.file_id,
  m.size, m.sha256, m.created, m.last_access, m.quarantined, q.user_id as quarantined_by, m.protected`;
const FROM = sql`from media m join domain d on d.nid = m.origin_nid left join user_name u on u.nid = m.user_nid
  left join user_name q on q.nid = m.quarantined_by`;

const ORDERS = {
  media_id: sql`m.media_id`,
  upload_name: sql`lower(coalesce(m.file_name, ''))`,
  created_ts: sql`m.created`,
  last_access_ts: sql`m.last_access`,
  media_length: sql`coalesce(m.size, 0)`,
  media_type: sql`coalesce(m.content_type, '')`,
  quarantined_by: sql`coalesce(q.user_id, '')`,
  safe_from_quarantine: sql`m.protected`,
} as const;

export type MediaOrder = keyof typeof ORDERS;
export const MEDIA_ORDERS = Object.keys(ORDERS) as MediaOrder[];

export interface MediaPage {
  readonly order: MediaOrder;
  readonly backward: boolean;
  readonly from: number;
  readonly limit: number;
}

export function oneMedia(db: Queryable, originNid: number, mediaId: MediaId): Promise<ListedMedia | undefined> {
  return db.get<ListedMedia>(
    sql`select ${COLUMNS} ${FROM} where m.origin_nid = ${originNid} and m.media_id = ${mediaId}`,
  );
}

/** What a user has uploaded; those that are equal by `order` stand by ID. */
export function mediaOfUser(db: Queryable, userNid: number, page: MediaPage): Promise<ListedMedia[]> {
  const direction = page.backward ? sql`desc` : sql`asc`;
  return db.all<ListedMedia>(sql`select ${COLUMNS} ${FROM} where m.user_nid = ${userNid} and m.uploaded is not null
    order by ${ORDERS[page.order]} ${direction}, m.media_id limit ${page.limit} offset ${page.from}`);
}

export async function countMediaOfUser(db: Queryable, userNid: number): Promise<number> {
  const row = await db.get<{ n: number }>(
    sql`select count(*) as n from media where user_nid = ${userNid} and uploaded is not null`,
  );
  return row?.n ?? 0;
}

export interface OldMedia {
  readonly nid: number;
  readonly origin: ServerName;
  readonly media_id: MediaId;
  readonly last_access: number;
}

/** Which old files are wanted. */
export interface OldMediaQuery {
  readonly originNid: number;
  /** Of all servers but this one. */
  readonly isOther: boolean;
  /** Last used before, in milliseconds. */
  readonly before: number;
  /** Larger than so many bytes. */
  readonly largerThan: number;
}

/** Files that nobody has used for long, with numbers above `after`, by number. */
export function oldMedia(db: Queryable, query: OldMediaQuery, after: number, limit: number): Promise<OldMedia[]> {
  const { originNid, isOther, before, largerThan } = query;
  const whose: Sql = isOther ? sql`m.origin_nid <> ${originNid}` : sql`m.origin_nid = ${originNid}`;
  return db.all<OldMedia>(sql`select m.nid, d.name as origin, m.media_id, m.last_access
    from media m join domain d on d.nid = m.origin_nid
    where ${whose} and m.uploaded is not null and m.last_access < ${before} and m.size > ${largerThan} and m.nid > ${after}
    order by m.nid limit ${limit}`);
}

/** How much media a user has. */
export interface UserMediaRow {
  readonly user_id: UserId;
  /** JSON. */
  readonly displayname: string | null;
  readonly files: number;
  readonly bytes: number;
}

export interface UserMediaQuery {
  /** Uploaded at these times or in between. */
  readonly fromTs: number;
  readonly untilTs: number;
  /** Part of the localpart or of the display name. */
  readonly search: string | undefined;
  readonly order: UserMediaOrder;
  readonly backward: boolean;
  readonly from: number;
  readonly limit: number;
}

const USER_ORDERS = {
  user_id: sql`u.user_id`,
  displayname: sql`lower(coalesce(n.value, ''))`,
  media_length: sql`bytes`,
  media_count: sql`files`,
} as const;

export type UserMediaOrder = keyof typeof USER_ORDERS;
export const USER_MEDIA_ORDERS = Object.keys(USER_ORDERS) as UserMediaOrder[];

/** Users with media, and how much it is. */
export function mediaByUser(db: Queryable, query: UserMediaQuery): Promise<UserMediaRow[]> {
  const direction = query.backward ? sql`desc` : sql`asc`;
  return db.all<UserMediaRow>(sql`select u.user_id, n.value as displayname, count(*) as files,
      cast(sum(m.size) as bigint) as bytes ${byUser(query)} group by u.user_id, n.value
    order by ${USER_ORDERS[query.order]} ${direction}, u.user_id limit ${query.limit} offset ${query.from}`);
}

export async function countUsersWithMedia(db: Queryable, query: UserMediaQuery): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(distinct m.user_nid) as n ${byUser(query)}`);
  return row?.n ?? 0;
}

function byUser({ fromTs, untilTs, search }: UserMediaQuery): Sql {
  const conditions = [sql`m.uploaded is not null`, sql`m.created >= ${fromTs}`, sql`m.created <= ${untilTs}`];
  if (search !== undefined) {
    const plain = (text: string) => text.replace(/[\\%_]/g, '\\$&');
    const [id, name] = [`@%${plain(search)}%:%`, `%${plain(JSON.stringify(search).slice(1, -1))}%`];
    conditions.push(
      sql`(lower(u.user_id) like lower(${id}) escape '\\' or lower(n.value) like lower(${name}) escape '\\')`,
    );
  }
  return sql`from media m join user_name u on u.nid = m.user_nid
    left join profile_field n on n.user_nid = m.user_nid and n.field = 'displayname' where ${sql.all(conditions)}`;
}
