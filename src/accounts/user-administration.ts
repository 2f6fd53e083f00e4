import { domainOf, localpartOf, type UserId } from '../core/ids.ts';
import { forbidden, invalidParam, MatrixError } from '../core/matrix-error.ts';
import type { Database, Tx } from '../db/database.ts';
import { deletePendingAccount, setUserType } from './account.table.ts';
import type { AccountChanges } from './account-changes.ts';
import { deactivated } from './account-errors.ts';
import { deleteApplication } from './application.table.ts';
import type { Devices } from './devices.ts';
import type { ExternalIdentities, ExternalIdentity } from './external-identities.ts';
import type { Passwords } from './passwords.ts';
import { deleteProfile, setProfileField } from './profile.table.ts';
import { fieldValue } from './profile-field.ts';
import type { Profiles } from './profiles.ts';
import { deleteRateOverride, rateOverride, setRateOverride } from './rate-override.table.ts';
import type { Requester } from './requester.ts';
import type { SessionCache } from './session-cache.ts';
import type { Sessions } from './sessions.ts';
import type { Threepids } from './threepids.ts';
import { newUserId } from './user-names.ts';
import { requireUserType } from './user-type.ts';
import { deleteUserWords } from './user-word.table.ts';
import type { User, Users } from './users.ts';

export interface UserAdministrationParts {
  readonly db: Database;
  readonly users: Users;
  readonly passwords: Passwords;
  readonly devices: Devices;
  readonly profiles: Profiles;
  readonly changes: AccountChanges;
  readonly sessions: Sessions;
  readonly sessionCache: SessionCache;
  readonly threepids: Threepids;
  readonly identities: ExternalIdentities;
}

/** What an administrator wants an account to be. What is undefined stays as it is. */
export interface UserWish {
  readonly password?: string | undefined;
  /** Whether a new password ends all sessions. */
  readonly endSessions: boolean;
  /** An empty text takes it away. */
  readonly displayName?: string | undefined;
  readonly avatarUrl?: string | undefined;
  readonly isAdmin?: boolean | undefined;
  readonly isDeactivated?: boolean | undefined;
  readonly isLocked?: boolean | undefined;
  readonly isSuspended?: boolean | undefined;
  readonly isApproved?: boolean | undefined;
  /** Null: a person. */
  readonly userType?: string | null | undefined;
  /** All mail addresses of the account. */
  readonly threepids?: readonly { readonly medium: string; readonly address: string }[] | undefined;
  /** Who the user is at providers of single sign-on, altogether. */
  readonly identities?: readonly ExternalIdentity[] | undefined;
}

/** How often a user may send; 0 a second: nothing of the user is limited. */
export interface RateOverride {
  readonly perSecond: number;
  readonly burst: number;
}

/** What administrators do to accounts. The requester is one. */
export class UserAdministration {
  readonly #parts: UserAdministrationParts;

  constructor(parts: UserAdministrationParts) {
    this.#parts = parts;
  }

  /** Makes an account. @throws MatrixError M_INVALID_USERNAME, M_USER_IN_USE, M_WEAK_PASSWORD, M_INVALID_PARAM */
  async create(userId: UserId, wish: UserWish): Promise<void> {
    const { db, users, passwords } = this.#parts;
    if (newUserId(localpartOf(userId), domainOf(userId)) !== userId) {
      throw new MatrixError('M_INVALID_USERNAME', 'New user names have no capital letters.');
    }
    requireUserType(wish.userType);
    await users.requireFree(userId);
    const passwordHash = wish.password === undefined ? undefined : await passwords.hash(wish.password);
    const profile = { displayname: wish.displayName ?? localpartOf(userId), avatar_url: wish.avatarUrl ?? '' };
    await db.tx(async tx => {
      const { isAdmin, isApproved } = wish;
      const userNid = await users.create(tx, {
        userId,
        passwordHash,
        ...(isAdmin !== undefined && { isAdmin }),
        ...(isApproved !== undefined && { isApproved }),
      });
      for (const [field, text] of Object.entries(profile)) {
        const value = fieldValue(field, text);
        if (value !== undefined) await setProfileField(tx, userNid, field, JSON.stringify(value));
      }
      await this.#setFlags(tx, userNid, wish);
    });
    const user = await users.require(userId);
    if (wish.threepids !== undefined) await this.#parts.threepids.replace(user.userNid, wish.threepids);
    if (wish.identities !== undefined) await this.#parts.identities.replace(user.userNid, wish.identities);
    if (wish.isDeactivated === true) await this.#parts.changes.deactivate(user.userNid, false);
  }

  /** @throws MatrixError M_FORBIDDEN, M_WEAK_PASSWORD, M_INVALID_PARAM */
  async change(by: Requester, user: User, wish: UserWish): Promise<void> {
    const { db, users, devices, changes, profiles, sessionCache } = this.#parts;
    const { userNid, userId } = user;
    this.#requireAllowed(by, user, wish);
    requireUserType(wish.userType);
    if (wish.displayName !== undefined) await profiles.setField(by, userId, 'displayname', wish.displayName);
    if (wish.avatarUrl !== undefined) await profiles.setField(by, userId, 'avatar_url', wish.avatarUrl);
    if (wish.threepids !== undefined) await this.#parts.threepids.replace(userNid, wish.threepids);
    if (wish.identities !== undefined) await this.#parts.identities.replace(userNid, wish.identities);
    if (wish.isDeactivated === false && user.isDeactivated) await changes.reactivate(user);
    if (wish.password !== undefined)
      await changes.setPassword(userNid, wish.password, { endSessions: wish.endSessions });
    await db.tx(async tx => {
      if (wish.isAdmin !== undefined) await users.setFlag(tx, userNid, 'is_admin', wish.isAdmin);
      if (wish.isApproved === true) await users.setFlag(tx, userNid, 'is_approved', true);
      await this.#setFlags(tx, userNid, wish);
      if (wish.isAdmin === false || wish.isLocked === true) await devices.endActing(tx, userNid);
      sessionCache.forget(tx, userNid);
    });
    if (wish.isDeactivated === true && !user.isDeactivated) await changes.deactivate(userNid, false);
  }

  #requireAllowed(by: Requester, user: User, wish: UserWish): void {
    const isOwn = by.userNid === user.userNid;
    if (isOwn && wish.isAdmin === false) throw forbidden('You may not demote yourself.');
    if (isOwn && (wish.isLocked || wish.isSuspended)) throw forbidden('You may not shut yourself out.');
    if (wish.isApproved === false && user.isApproved) {
      throw invalidParam('An account that was approved stays so. Lock or suspend it instead.');
    }
  }

  async #setFlags(tx: Tx, userNid: number, wish: UserWish): Promise<void> {
    const { users } = this.#parts;
    if (wish.isLocked !== undefined) await users.setFlag(tx, userNid, 'is_locked', wish.isLocked);
    if (wish.isSuspended !== undefined) await users.setFlag(tx, userNid, 'is_suspended', wish.isSuspended);
    if (wish.userType !== undefined) await setUserType(tx, userNid, wish.userType);
  }

  /**
   * Takes away an account that waits for approval, with its name: somebody else can ask for that.
   *
   * @throws MatrixError M_INVALID_PARAM for one that does not wait
   */
  async refuse(user: User): Promise<void> {
    await this.#parts.db.tx(async tx => {
      if (!(await deletePendingAccount(tx, user.userNid))) {
        throw invalidParam('The account does not wait for approval. Deactivate it instead.');
      }
      await deleteProfile(tx, user.userNid);
      await deleteUserWords(tx, user.userNid);
      await this.#parts.threepids.removeAll(tx, user.userNid);
      await deleteApplication(tx, user.userNid);
    });
  }

  /**
   * A token with which the administrator acts as the user, who does not see it. It ends when the administrator is logged
   * out everywhere, or is none any more.
   *
   * @throws MatrixError M_FORBIDDEN, M_USER_DEACTIVATED
   */
  async logInAs(by: Requester, user: User, validUntil: number | undefined): Promise<string> {
    if (by.userNid === user.userNid) throw forbidden('You are this user: log in as usual.');
    if (user.isDeactivated) throw deactivated();
    return this.#parts.db.tx(tx => this.#parts.sessions.openBare(tx, user.userNid, by.userNid, validUntil));
  }

  async rateOverride(userNid: number): Promise<RateOverride | undefined> {
    const row = await rateOverride(this.#parts.db, userNid);
    return row === undefined ? undefined : { perSecond: row.per_second, burst: row.burst };
  }

  /** Undefined: the settings hold. */
  async setRateOverride(userNid: number, rate: RateOverride | undefined): Promise<void> {
    await this.#parts.db.tx(async tx => {
      if (rate === undefined) await deleteRateOverride(tx, userNid);
      else await setRateOverride(tx, userNid, { per_second: rate.perSecond, burst: rate.burst });
      this.#parts.sessionCache.forget(tx, userNid);
    });
  }
}
