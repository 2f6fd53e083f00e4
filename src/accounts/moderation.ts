import type { UserId } from '../core/ids.ts';
import { forbidden, invalidParam, notFound } from '../core/matrix-error.ts';
import type { Database } from '../db/database.ts';
import type { Requester } from './requester.ts';
import type { SessionCache } from './session-cache.ts';
import type { User, Users } from './users.ts';

/** Locking and suspending users (client-server API, "Server administration"). The requester is an administrator. */
export class Moderation {
  readonly #db: Database;
  readonly #users: Users;
  readonly #sessionCache: SessionCache;

  constructor(db: Database, users: Users, sessionCache: SessionCache) {
    this.#db = db;
    this.#users = users;
    this.#sessionCache = sessionCache;
  }

  /** @throws MatrixError M_INVALID_PARAM, M_NOT_FOUND, M_FORBIDDEN for other administrators */
  async look(requester: Requester, userId: UserId): Promise<User> {
    if (!this.#users.isLocal(userId)) throw invalidParam('The user does not belong to this server.');
    const user = await this.#users.find(userId);
    if (user === undefined || user.isDeactivated) throw notFound('There is no such user on this server.');
    if (user.isAdmin && userId !== requester.userId) throw forbidden('The user is an administrator too.');
    return user;
  }

  /** @throws MatrixError M_INVALID_PARAM, M_NOT_FOUND, M_FORBIDDEN for administrators, the requester among them */
  async set(requester: Requester, userId: UserId, flag: 'is_locked' | 'is_suspended', on: boolean): Promise<void> {
    const user = await this.look(requester, userId);
    if (user.userNid === requester.userNid) throw forbidden('You cannot do this to your own account.');
    await this.#db.tx(async tx => {
      await this.#users.setFlag(tx, user.userNid, flag, on);
      this.#sessionCache.forget(tx, user.userNid);
    });
  }
}
