import type { Budget } from '../base/budget.ts';
import { ByteCache } from '../base/byte-cache.ts';
import type { UserId } from '../core/ids.ts';
import type { Queryable } from '../db/database.ts';
import { ignoredBy, ignorersOf } from './account-data.table.ts';

interface Entry {
  readonly pos: number;
  readonly users: ReadonlySet<UserId>;
}

/** Whom users ignore (`m.ignored_user_list`), for sync and push. */
export class IgnoredUsers {
  readonly #cache: ByteCache<Entry>;

  constructor(budget: Budget) {
    this.#cache = new ByteCache({
      name: 'ignored_users',
      budget,
      weight: 20,
      sizeOf: entry => [...entry.users].reduce((bytes, user) => bytes + 2 * user.length + 60, 100),
    });
  }

  /** Whom a user ignores at a position of the user's log: what was read at that position is not read again. */
  async ignoredBy(db: Queryable, userNid: number, userPos: number): Promise<ReadonlySet<UserId>> {
    const cached = this.#cache.get(String(userNid));
    if (cached?.pos === userPos) return cached.users;
    const users = new Set(await ignoredBy(db, userNid));
    if (!('isTransaction' in db)) this.#cache.set(String(userNid), { pos: userPos, users });
    return users;
  }

  /** The users of this server who ignore somebody. */
  async ignorersOf(db: Queryable, userId: UserId): Promise<ReadonlySet<number>> {
    return new Set(await ignorersOf(db, userId));
  }

  get stats() {
    return this.#cache.stats;
  }
}
