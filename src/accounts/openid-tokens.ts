import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { UserId } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import { hashSecretToken, newSecretToken } from './secret-token.ts';
import { findShortToken, insertShortToken } from './short-token.table.ts';
import type { Users } from './users.ts';

const LIFETIME_MS = 60 * 60_000;

/** Tokens with which users prove to other services who they are (client-server API, "OpenID"). */
export class OpenIdTokens {
  readonly #parts: { readonly db: Database; readonly clock: Clock; readonly random: Random; readonly users: Users };

  constructor(parts: { readonly db: Database; readonly clock: Clock; readonly random: Random; readonly users: Users }) {
    this.#parts = parts;
  }

  async create(userNid: number): Promise<{ readonly token: string; readonly expiresInMs: number }> {
    const { db, clock, random } = this.#parts;
    const { token, hash } = newSecretToken(random, 'cpo');
    const row = { hash, user_nid: userNid, expires_ts: clock.now() + LIFETIME_MS };
    await db.tx(tx => insertShortToken(tx, 'openid_token', row));
    return { token, expiresInMs: LIFETIME_MS };
  }

  /** Who made a token that has not expired: what `/_matrix/federation/v1/openid/userinfo` answers. */
  async owner(token: string): Promise<UserId | undefined> {
    const { db, clock, users } = this.#parts;
    const hash = hashSecretToken(token);
    const row = hash === undefined ? undefined : await findShortToken(db, 'openid_token', hash, clock.now());
    const user = row === undefined ? undefined : await users.byNid(row.user_nid);
    return user === undefined || user.isDeactivated ? undefined : user.userId;
  }
}
