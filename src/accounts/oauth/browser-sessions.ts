import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Database } from '../../db/database.ts';
import { requireMayLogIn } from '../account-errors.ts';
import { hashSecretToken, newSecretToken } from '../secret-token.ts';
import { deleteShortToken, findShortToken, insertShortToken } from '../short-token.table.ts';
import type { User, Users } from '../users.ts';

export interface BrowserSessionsParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly users: Users;
}

/** Somebody who is signed in on the pages of this server. */
export interface BrowserUser {
  readonly user: User;
  /** When they showed who they are, in milliseconds since the epoch. */
  readonly signedInTs: number;
}

export const BROWSER_SESSION_MS = 60 * 60_000;

/** Sessions of browsers on the pages of this server. They are no devices, and good for nothing but these pages. */
export class BrowserSessions {
  readonly #parts: BrowserSessionsParts;

  constructor(parts: BrowserSessionsParts) {
    this.#parts = parts;
  }

  /** What the browser keeps. @throws MatrixError M_USER_DEACTIVATED, M_USER_LOCKED, MSC3866's of those not approved */
  async open(userNid: number): Promise<string> {
    const { db, clock, random, users } = this.#parts;
    const { token, hash } = newSecretToken(random, 'cpb');
    const expires_ts = clock.now() + BROWSER_SESSION_MS;
    await db.tx(async tx => {
      requireMayLogIn(await users.byNid(userNid, tx));
      await insertShortToken(tx, 'browser_token', { hash, user_nid: userNid, expires_ts });
    });
    return token;
  }

  /** Nobody where the account has been closed or locked since. */
  async find(token: string | undefined): Promise<BrowserUser | undefined> {
    const { db, clock, users } = this.#parts;
    const hash = token === undefined ? undefined : hashSecretToken(token);
    const row = hash && (await findShortToken(db, 'browser_token', hash, clock.now()));
    if (row === undefined) return undefined;
    const user = await users.byNid(row.user_nid);
    if (user === undefined || user.isDeactivated || user.isLocked || !user.isApproved) return undefined;
    return { user, signedInTs: row.expires_ts - BROWSER_SESSION_MS };
  }

  async close(token: string): Promise<void> {
    const hash = hashSecretToken(token);
    if (hash !== undefined) await this.#parts.db.tx(tx => deleteShortToken(tx, 'browser_token', hash));
  }
}
