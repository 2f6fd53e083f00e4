import type { UserId } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import { acceptancesOf } from './terms.table.ts';
import {
  countUsers,
  type ListedUserRow,
  listedUser,
  listUsers,
  type UserFilter,
  type UserOrder,
} from './user-list.table.ts';

export { USER_ORDERS, type UserFilter } from './user-list.table.ts';

/** An account as administrators see it. */
export interface ListedUser {
  readonly userId: UserId;
  readonly userNid: number;
  /** Undefined: a person. */
  readonly userType: string | undefined;
  readonly displayName: string | undefined;
  readonly avatarUrl: string | undefined;
  readonly isGuest: boolean;
  readonly isAdmin: boolean;
  readonly isDeactivated: boolean;
  readonly isErased: boolean;
  readonly isLocked: boolean;
  readonly isSuspended: boolean;
  readonly isApproved: boolean;
  readonly appserviceId: string | undefined;
  /** Milliseconds since the epoch. */
  readonly createdTs: number;
  /** Why somebody asked for the account: nothing in it is checked. Undefined where that was not asked. */
  readonly reason: string | undefined;
  /** When one of the devices was last seen, gone or not; at most a minute behind. */
  readonly lastSeenTs: number | undefined;
}

export interface UserListQuery {
  readonly filter: UserFilter;
  readonly order: UserOrder;
  readonly backward: boolean;
  readonly from: number;
  readonly limit: number;
}

/** The accounts of this server, for administrators. */
export class UserList {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** A page of the accounts that fit, and how many fit in all. */
  async page(query: UserListQuery): Promise<{ readonly users: readonly ListedUser[]; readonly total: number }> {
    const total = await countUsers(this.#db, query.filter);
    const rows = await listUsers(this.#db, query.filter, query);
    return { users: rows.map(asListed), total };
  }

  /** Undefined where there is no such account. */
  async one(userNid: number): Promise<ListedUser | undefined> {
    const row = await listedUser(this.#db, userNid);
    return row === undefined ? undefined : asListed(row);
  }

  /** Which terms the user has accepted last. */
  async lastConsent(userNid: number): Promise<{ readonly version: string; readonly ts: number } | undefined> {
    const accepted = await acceptancesOf(this.#db, userNid);
    return accepted.toSorted((a, b) => a.ts - b.ts).at(-1);
  }
}

function asListed(row: ListedUserRow): ListedUser {
  return {
    userId: row.user_id,
    userNid: row.user_nid,
    userType: row.user_type ?? undefined,
    displayName: textOf(row.displayname),
    avatarUrl: textOf(row.avatar_url),
    isGuest: row.is_guest === 1,
    isAdmin: row.is_admin === 1,
    isDeactivated: row.is_deactivated === 1,
    isErased: row.is_erased === 1,
    isLocked: row.is_locked === 1,
    isSuspended: row.is_suspended === 1,
    isApproved: row.is_approved === 1,
    appserviceId: row.appservice_id ?? undefined,
    createdTs: row.created_ts,
    reason: row.reason ?? undefined,
    lastSeenTs: row.last_seen_ts ?? undefined,
  };
}

function textOf(json: string | null): string | undefined {
  const value: unknown = json === null ? undefined : JSON.parse(json);
  return typeof value === 'string' ? value : undefined;
}
