import type { Clock } from '../base/clock.ts';
import { type Random, randomToken } from '../base/random.ts';
import type { Database, Tx } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import { locked, unknownToken } from './account-errors.ts';
import type { AppserviceSessions } from './appservice-sessions.ts';
import type { Devices } from './devices.ts';
import type { LastSeen } from './last-seen.ts';
import type { Requester } from './requester.ts';
import { hashSecretToken, newSecretToken } from './secret-token.ts';
import {
  deleteAccessToken,
  deleteTokensOfDevices,
  deleteUnusedSuccessors,
  expireFamily,
  insertAccessToken,
  insertRefreshToken,
  lockRefreshToken,
  ownerOfToken,
  type RefreshTokenRow,
  type SessionRow,
  sessionByHash,
  settleAccessToken,
  spendRefreshToken,
} from './session.table.ts';
import type { CachedSession, SessionCache } from './session-cache.ts';

export interface SessionsParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly clock: Clock;
  readonly random: Random;
  readonly devices: Devices;
  readonly cache: SessionCache;
  readonly lastSeen: LastSeen;
  readonly appservices: AppserviceSessions;
  readonly accessTokenMs: number;
}

export interface SessionRequest {
  readonly userNid: number;
  /** The device to use again or to make; a fresh one where undefined. */
  readonly deviceId?: string | undefined;
  readonly displayName?: string | undefined;
  /** The client can refresh: its access token expires. */
  readonly refreshable?: boolean | undefined;
  /** The OAuth 2.0 client that the tokens are given to. */
  readonly oauthClient?: string | undefined;
  /** Where the user logs in from, which is when the device is seen first. */
  readonly ip?: string | undefined;
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Milliseconds; undefined when the access token lives until logout. */
  readonly expiresInMs: number | undefined;
}

export interface Session extends Tokens {
  readonly deviceId: string;
  /** Names all tokens that come from this login. */
  readonly family: string;
}

/** How a request came in, as far as its authentication needs it. */
export interface TokenUse {
  readonly ip: string;
  readonly userAgent: string | undefined;
  readonly query: { get(name: string): string | undefined };
  /** The endpoint is open to locked accounts: logging out. */
  readonly allowLocked?: boolean | undefined;
}

/** Access and refresh tokens: giving them out, knowing them again, ending them. */
export class Sessions {
  readonly #parts: SessionsParts;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
  }

  /** Logs a user in. Tokens that the device had before end. */
  async open(tx: Tx, request: SessionRequest): Promise<Session> {
    const { devices, cache, lastSeen } = this.#parts;
    const { userNid, ip } = request;
    const deviceId = await devices.ensure(tx, userNid, request.deviceId, request.displayName);
    await deleteTokensOfDevices(tx, userNid, [deviceId]);
    cache.forget(tx, userNid);
    if (ip !== undefined) tx.afterCommit(() => lastSeen.note(userNid, deviceId, ip, undefined));
    const family = randomToken(this.#parts.random, 16);
    const to = { userNid, deviceId, family, clientId: request.oauthClient ?? null, refreshedFrom: null };
    return { deviceId, family, ...(await this.#issue(tx, to, request.refreshable)) };
  }

  /** A token without a device, for an administrator who acts as the user: it ends with the administrator's sessions. */
  async openBare(tx: Tx, userNid: number, openedBy: number, expiresTs: number | undefined): Promise<string> {
    const { random, clock } = this.#parts;
    const access = newSecretToken(random, 'cpa');
    await insertAccessToken(tx, {
      hash: access.hash,
      userNid,
      deviceId: null,
      family: randomToken(random, 16),
      clientId: null,
      refreshedFrom: null,
      now: clock.now(),
      expiresTs: expiresTs ?? null,
      openedBy,
    });
    return access.token;
  }

  async #issue(
    tx: Tx,
    to: { userNid: number; deviceId: string; family: string; clientId: string | null; refreshedFrom: number | null },
    refreshable = false,
  ): Promise<Tokens> {
    const { random, clock, accessTokenMs } = this.#parts;
    const now = clock.now();
    const access = newSecretToken(random, 'cpa');
    const expiresTs = refreshable ? now + accessTokenMs : null;
    await insertAccessToken(tx, { ...to, hash: access.hash, now, expiresTs });
    if (!refreshable) return { accessToken: access.token, refreshToken: undefined, expiresInMs: undefined };
    const refresh = newSecretToken(random, 'cpr');
    await insertRefreshToken(tx, { ...to, hash: refresh.hash, now });
    return { accessToken: access.token, refreshToken: refresh.token, expiresInMs: accessTokenMs };
  }

  /**
   * Who a token stands for.
   *
   * @throws MatrixError M_UNKNOWN_TOKEN (`soft_logout` when the token has merely expired), M_USER_LOCKED,
   *   and for appservices M_FORBIDDEN, M_USER_DEACTIVATED, M_UNKNOWN_DEVICE
   */
  async authenticate(token: string, use: TokenUse): Promise<Requester> {
    const asAppservice = await this.#parts.appservices.authenticate(token, use);
    if (asAppservice !== undefined) return asAppservice;
    const { requester, expiresTs, isLocked } = await this.#find(token);
    if (expiresTs !== undefined && expiresTs <= this.#parts.clock.now()) {
      throw unknownToken('The access token has expired.', true);
    }
    if (isLocked && use.allowLocked !== true) throw locked();
    if (requester.deviceId !== undefined) {
      this.#parts.lastSeen.note(requester.userNid, requester.deviceId, use.ip, use.userAgent);
    }
    return requester;
  }

  async #find(token: string): Promise<CachedSession> {
    const { cache, db } = this.#parts;
    const hash = hashSecretToken(token);
    if (hash === undefined) throw unknownToken('The access token is not known here.', false);
    const key = hash.toString('latin1');
    const known = cache.get(key);
    if (known !== undefined) return known;
    const mark = cache.mark();
    const row = await sessionByHash(db, hash);
    if (row === undefined || row.is_deactivated === 1) throw unknownToken('The access token is not known here.', false);
    const session = await this.#session(row);
    if (row.refreshed_from !== null) await this.#settle(row, row.refreshed_from);
    else cache.set(key, mark, session);
    return session;
  }

  async #session(row: SessionRow): Promise<CachedSession> {
    const requester: Requester = {
      userId: await this.#parts.nids.users.name(this.#parts.db, row.user_nid),
      userNid: row.user_nid,
      deviceId: row.device_id ?? undefined,
      isAdmin: row.is_admin === 1,
      isGuest: row.is_guest === 1,
      isSuspended: row.is_suspended === 1,
      tokenNid: row.nid,
      oauthClient: row.client_id ?? undefined,
      rate: rateOf(row),
      appservice: undefined,
    };
    return { requester, expiresTs: row.expires_ts ?? undefined, isLocked: row.is_locked === 1 };
  }

  /** The client has got its new tokens: the refresh token it had before is spent, its older access tokens end. */
  async #settle(row: SessionRow, refreshedFrom: number): Promise<void> {
    const { db, clock, cache } = this.#parts;
    await db.tx(async tx => {
      await spendRefreshToken(tx, refreshedFrom, clock.now());
      await settleAccessToken(tx, row);
      cache.forget(tx, row.user_nid);
    });
  }

  /**
   * New tokens for a refresh token. It stays good until one of the new ones is used, in case the answer gets lost.
   * One that comes again after that was copied: everything that came from its login ends. `oauthClient`: who asks, where
   * that is by OAuth 2.0; the token of another client is unknown.
   *
   * @throws MatrixError M_UNKNOWN_TOKEN
   */
  async refresh(token: string, oauthClient?: string): Promise<Tokens> {
    const hash = hashSecretToken(token);
    const tokens = hash === undefined ? 'unknown' : await this.#parts.db.tx(tx => this.#rotate(tx, hash, oauthClient));
    if (tokens === 'unknown') throw unknownToken('The refresh token is not known here.', false);
    if (tokens === 'reused') throw unknownToken('The refresh token has been used before. The session has ended.', true);
    return tokens;
  }

  async #rotate(tx: Tx, hash: Uint8Array, oauthClient?: string): Promise<Tokens | 'unknown' | 'reused'> {
    const { clock } = this.#parts;
    const row = await lockRefreshToken(tx, hash);
    if (row === undefined || (row.client_id ?? undefined) !== oauthClient) return 'unknown';
    if (row.spent_ts !== null) {
      await this.endFamily(tx, row.user_nid, row.family);
      return 'reused';
    }
    if (row.refreshed_from !== null) await spendRefreshToken(tx, row.refreshed_from, clock.now());
    await deleteUnusedSuccessors(tx, row.nid);
    return this.#issue(tx, issuedTo(row), true);
  }

  /** Everything that came from one login ends, softly. */
  async endFamily(tx: Tx, userNid: number, family: string): Promise<void> {
    const { clock, cache } = this.#parts;
    await expireFamily(tx, family, clock.now());
    cache.forget(tx, userNid);
  }

  /** Ends the session that a token belongs to, an access token or one to refresh with, and with it its device. */
  async revoke(token: string): Promise<void> {
    const hash = hashSecretToken(token);
    if (hash === undefined) return;
    const { db, devices, cache } = this.#parts;
    await db.tx(async tx => {
      const row = await ownerOfToken(tx, hash);
      if (row === undefined) return;
      if (row.device_id !== null) await devices.remove(tx, row.user_nid, [row.device_id]);
      else if (row.access_nid !== null) await deleteAccessToken(tx, row.access_nid);
      cache.forget(tx, row.user_nid);
    });
  }

  /** Ends the session of a request, and with it its device. Appservices have none to end. */
  async logout(requester: Requester): Promise<void> {
    const { db, devices, cache } = this.#parts;
    const { userNid, deviceId, tokenNid } = requester;
    await db.tx(async tx => {
      if (deviceId !== undefined) await devices.remove(tx, userNid, [deviceId]);
      else if (tokenNid !== undefined) await deleteAccessToken(tx, tokenNid);
      cache.forget(tx, userNid);
    });
  }

  /** Ends all sessions of a user. */
  async logoutAll(userNid: number): Promise<void> {
    await this.#parts.db.tx(tx => this.#parts.devices.removeAll(tx, userNid, undefined));
  }
}

function rateOf({ rate_per_second: perSecond, rate_burst: burst }: SessionRow): Requester['rate'] {
  return perSecond === null || burst === null ? undefined : { perSecond, burst };
}

function issuedTo(row: RefreshTokenRow) {
  const { user_nid: userNid, device_id: deviceId, family, client_id: clientId, nid: refreshedFrom } = row;
  return { userNid, deviceId, family, clientId, refreshedFrom };
}
