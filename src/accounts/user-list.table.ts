import type { UserId } from '../core/ids.ts';
import type { Queryable } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';

/** An account with what a list of accounts shows of it. */
export interface ListedUserRow {
  readonly user_nid: number;
  readonly user_id: UserId;
  readonly user_type: string | null;
  readonly is_guest: number;
  readonly is_admin: number;
  readonly is_deactivated: number;
  readonly is_erased: number;
  readonly is_locked: number;
  readonly is_suspended: number;
  readonly is_approved: number;
  readonly appservice_id: string | null;
  readonly created_ts: number;
  /** Why the account is wanted, in the applicant's own words. */
  readonly reason: string | null;
  /** JSON, as profiles are stored. */
  readonly displayname: string | null;
  readonly avatar_url: string | null;
  readonly last_seen_ts: number | null;
}

/** Which accounts are wanted. What is undefined does not matter. */
export interface UserFilter {
  /** Part of the localpart or of the display name. */
  readonly name?: string | undefined;
  /** Part of the user ID. */
  readonly userId?: string | undefined;
  readonly isGuest?: boolean | undefined;
  readonly isAdmin?: boolean | undefined;
  readonly isDeactivated?: boolean | undefined;
  readonly isLocked?: boolean | undefined;
  readonly isApproved?: boolean | undefined;
  /** Types that are left out; null stands for accounts without one. */
  readonly notTypes?: readonly (string | null)[] | undefined;
}

const BY_DEVICES = sql`(select max(d.last_seen_ts) from device d where d.user_nid = a.user_nid)`;
/** By a device that there is, or by one that is gone. */
const LAST_SEEN = sql`case when a.last_seen_ts > coalesce(${BY_DEVICES}, 0) then a.last_seen_ts else ${BY_DEVICES} end`;

/** What a list can be sorted by; text and times that are missing come first. */
const ORDERS = {
  name: sql`u.user_id`,
  is_guest: sql`a.is_guest`,
  admin: sql`a.is_admin`,
  user_type: sql`coalesce(a.user_type, '')`,
  deactivated: sql`a.is_deactivated`,
  locked: sql`a.is_locked`,
  suspended: sql`a.is_suspended`,
  erased: sql`a.is_erased`,
  approved: sql`a.is_approved`,
  // Nobody is (decision 0050).
  shadow_banned: sql`u.user_id`,
  displayname: sql`lower(coalesce(n.value, ''))`,
  avatar_url: sql`coalesce(p.value, '')`,
  creation_ts: sql`a.created_ts`,
  last_seen_ts: sql`coalesce(${LAST_SEEN}, 0)`,
} as const;

export type UserOrder = keyof typeof ORDERS;
export const USER_ORDERS = Object.keys(ORDERS) as UserOrder[];

const FROM = sql`from account a join user_name u on u.nid = a.user_nid
  left join profile_field n on n.user_nid = a.user_nid and n.field = 'displayname'
  left join profile_field p on p.user_nid = a.user_nid and p.field = 'avatar_url'
  left join application w on w.user_nid = a.user_nid`;

const COLUMNS = sql`a.user_nid, u.user_id, a.user_type, a.is_guest, a.is_admin, a.is_deactivated, a.is_erased,
  a.is_locked, a.is_suspended, a.is_approved, a.appservice_id, a.created_ts, n.value as displayname,
  p.value as avatar_url, w.reason, ${LAST_SEEN} as last_seen_ts`;

/** A page of accounts; those that are equal by `order` stand by user ID. */
export function listUsers(
  db: Queryable,
  filter: UserFilter,
  page: { readonly order: UserOrder; readonly backward: boolean; readonly from: number; readonly limit: number },
): Promise<ListedUserRow[]> {
  const direction = page.backward ? sql`desc` : sql`asc`;
  return db.all<ListedUserRow>(sql`select ${COLUMNS} ${FROM} where ${conditions(filter)}
    order by ${ORDERS[page.order]} ${direction}, u.user_id limit ${page.limit} offset ${page.from}`);
}

export async function countUsers(db: Queryable, filter: UserFilter): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(*) as n ${FROM} where ${conditions(filter)}`);
  return row?.n ?? 0;
}

export function listedUser(db: Queryable, userNid: number): Promise<ListedUserRow | undefined> {
  return db.get<ListedUserRow>(sql`select ${COLUMNS} ${FROM} where a.user_nid = ${userNid}`);
}

function conditions(filter: UserFilter): Sql {
  const all: Sql[] = [];
  const flags: [Sql, boolean | undefined][] = [
    [sql`a.is_guest`, filter.isGuest],
    [sql`a.is_admin`, filter.isAdmin],
    [sql`a.is_deactivated`, filter.isDeactivated],
    [sql`a.is_locked`, filter.isLocked],
    [sql`a.is_approved`, filter.isApproved],
  ];
  for (const [column, wanted] of flags) if (wanted !== undefined) all.push(sql`${column} = ${wanted ? 1 : 0}`);
  if (filter.name !== undefined) {
    const [id, name] = [`@%${likeText(filter.name)}%:%`, `%${likeText(jsonText(filter.name))}%`];
    all.push(sql`(lower(u.user_id) like lower(${id}) escape '\\' or lower(n.value) like lower(${name}) escape '\\')`);
  }
  if (filter.userId !== undefined) {
    all.push(sql`lower(u.user_id) like lower(${`%${likeText(filter.userId)}%`}) escape '\\'`);
  }
  const types = filter.notTypes ?? [];
  if (types.includes(null)) all.push(sql`a.user_type is not null`);
  const named = types.filter(type => type !== null);
  if (named.length > 0) all.push(sql`(a.user_type is null or not (a.user_type ${sql.in(named)}))`);
  return sql.all(all);
}

/** The text with what `like` would take for wildcards made plain. */
export function likeText(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

function jsonText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
