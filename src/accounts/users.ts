import type { Clock } from '../base/clock.ts';
import { domainOf, localpartOf, type ServerName, type UserId } from '../core/ids.ts';
import { MatrixError, notFound } from '../core/matrix-error.ts';
import type { Database, Queryable, Tx } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import {
  type AccountFlag,
  type AccountRow,
  accountByFolded,
  accountByNid,
  insertAccount,
  setAccountFlag,
} from './account.table.ts';
import { userIdWords } from './search-words.ts';
import { foldLocalpart, localpartToLogIn } from './user-names.ts';
import { ID_WORDS, setUserWords } from './user-word.table.ts';

/** An account of this server. */
export interface User {
  readonly userId: UserId;
  readonly userNid: number;
  /** Undefined: the user has no password and cannot log in with one. */
  readonly passwordHash: string | undefined;
  readonly isAdmin: boolean;
  readonly isGuest: boolean;
  readonly isDeactivated: boolean;
  readonly isErased: boolean;
  readonly isLocked: boolean;
  readonly isSuspended: boolean;
  /** False while an administrator has not let the user in. */
  readonly isApproved: boolean;
  /** The appservice that made the account. */
  readonly appserviceId: string | undefined;
  readonly createdTs: number;
}

export interface NewUser {
  readonly userId: UserId;
  readonly passwordHash?: string | undefined;
  readonly isAdmin?: boolean;
  readonly isApproved?: boolean;
  readonly appserviceId?: string | undefined;
}

export interface UsersParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly clock: Clock;
  readonly serverName: ServerName;
  /** Localparts that nobody may have. */
  readonly reserved?: readonly string[];
}

/** The accounts of this server. */
export class Users {
  readonly #parts: UsersParts;

  constructor(parts: UsersParts) {
    this.#parts = parts;
  }

  /** Whether the user belongs to this server, with an account or not. */
  isLocal(userId: UserId): boolean {
    return domainOf(userId) === this.#parts.serverName;
  }

  async find(userId: UserId, db: Queryable = this.#parts.db): Promise<User | undefined> {
    if (!this.isLocal(userId)) return undefined;
    const userNid = await this.#parts.nids.users.findOne(db, userId);
    return userNid === undefined ? undefined : this.byNid(userNid, db);
  }

  async byNid(userNid: number, db: Queryable = this.#parts.db): Promise<User | undefined> {
    const row = await accountByNid(db, userNid);
    return row === undefined ? undefined : this.#user(db, row);
  }

  /** Whether it is an account of this server that may act: not closed, locked or suspended. */
  async isActive(userNid: number): Promise<boolean> {
    const user = await this.byNid(userNid);
    return user !== undefined && !user.isDeactivated && !user.isLocked && !user.isSuspended;
  }

  /** The account that a name in a login means: a user ID or a localpart, in any case. */
  async toLogIn(name: string): Promise<User | undefined> {
    const { db, serverName } = this.#parts;
    const localpart = localpartToLogIn(name, serverName);
    const row = localpart === undefined ? undefined : await accountByFolded(db, foldLocalpart(localpart));
    return row === undefined ? undefined : this.#user(db, row);
  }

  /** @throws MatrixError M_USER_IN_USE, with what exists unchanged */
  async create(tx: Tx, user: NewUser): Promise<number> {
    const userNid = await this.#parts.nids.users.internOne(tx, user.userId);
    const isNew = await insertAccount(tx, {
      user_nid: userNid,
      folded: foldLocalpart(localpartOf(user.userId)),
      password_hash: user.passwordHash ?? null,
      is_admin: user.isAdmin ? 1 : 0,
      is_approved: user.isApproved === false ? 0 : 1,
      appservice_id: user.appserviceId ?? null,
      created_ts: this.#parts.clock.now(),
    });
    if (!isNew) throw nameTaken();
    await setUserWords(tx, userNid, ID_WORDS, userIdWords(user.userId));
    return userNid;
  }

  /** @throws MatrixError M_USER_IN_USE when an account has this name or one that reads the same */
  async requireFree(userId: UserId): Promise<void> {
    const folded = foldLocalpart(localpartOf(userId));
    if (this.#parts.reserved?.includes(folded)) throw nameTaken();
    if ((await accountByFolded(this.#parts.db, folded)) !== undefined) throw nameTaken();
  }

  /** Whether the flag was different before. Callers that change what a token may do forget cached sessions. */
  setFlag(tx: Tx, userNid: number, flag: AccountFlag, on: boolean): Promise<boolean> {
    return setAccountFlag(tx, userNid, flag, on);
  }

  /** @throws MatrixError M_NOT_FOUND */
  async require(userId: UserId): Promise<User> {
    const user = await this.find(userId);
    if (user === undefined) throw notFound('There is no such user on this server.');
    return user;
  }

  async #user(db: Queryable, row: AccountRow): Promise<User> {
    return {
      userId: await this.#parts.nids.users.name(db, row.user_nid),
      userNid: row.user_nid,
      passwordHash: row.password_hash ?? undefined,
      isAdmin: row.is_admin === 1,
      isGuest: row.is_guest === 1,
      isDeactivated: row.is_deactivated === 1,
      isErased: row.is_erased === 1,
      isLocked: row.is_locked === 1,
      isSuspended: row.is_suspended === 1,
      isApproved: row.is_approved === 1,
      appserviceId: row.appservice_id ?? undefined,
      createdTs: row.created_ts,
    };
  }
}

function nameTaken(): MatrixError {
  return new MatrixError('M_USER_IN_USE', 'This user name is taken.');
}
