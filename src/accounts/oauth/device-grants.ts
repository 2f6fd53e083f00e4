import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Database, Tx } from '../../db/database.ts';
import type { Login } from '../login.ts';
import { hashSecretToken, newSecretToken } from '../secret-token.ts';
import type { Clients, OAuthClient } from './clients.ts';
import type { Granted } from './codes.ts';
import {
  countDeviceGrants,
  type DeviceGrantRow,
  decideGrant,
  deleteDeviceGrant,
  deleteGrantsExpiredBefore,
  insertDeviceGrant,
  lockDeviceGrant,
  setPolled,
  undecidedGrant,
} from './device-grant.table.ts';
import { OAuthError, type OAuthErrorCode } from './oauth-error.ts';
import { readScope, type Scope } from './scope.ts';
import { newUserCode, typedUserCode } from './user-code.ts';

export interface DeviceGrantsParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly login: Login;
  readonly clients: Clients;
  /** How many may wait; `MOST_WAITING` unless said. */
  readonly most?: number;
}

/** What a device is told that waits to be let in. */
export interface DeviceCodes {
  readonly deviceCode: string;
  /** For people; without the dash. */
  readonly userCode: string;
  readonly expiresInMs: number;
  readonly intervalMs: number;
}

/** A device that waits, as its user sees it. */
export interface WaitingDevice {
  readonly client: OAuthClient;
  readonly userCode: string;
  readonly deviceId: string;
}

const GRANT_MS = 15 * 60_000;
const KEEP_MS = 60 * 60_000;
const INTERVAL_MS = 5000;
/** RFC 8628 section 3.5: whoever asks too often waits so much longer between two questions. */
const SLOWER_MS = 5000;
const SLOWEST_MS = 60_000;
/** Requests do not take the same time each. */
const TOLERANCE_MS = 1000;
const MOST_WAITING = 5000;

/** The device authorisation grant (RFC 8628): somebody lets a device in from a browser on another one. */
export class DeviceGrants {
  readonly #parts: DeviceGrantsParts;
  readonly #most: number;

  constructor(parts: DeviceGrantsParts) {
    this.#parts = parts;
    this.#most = parts.most ?? MOST_WAITING;
  }

  /** @throws OAuthError invalid_scope; temporarily_unavailable when too many wait */
  async begin(client: OAuthClient, scopeText: string): Promise<DeviceCodes> {
    const scope = readScope(scopeText);
    if ('wrong' in scope) throw new OAuthError('invalid_scope', scope.wrong);
    const { random, db } = this.#parts;
    const code = newSecretToken(random, 'cpd');
    const userCode = newUserCode(random);
    await db.tx(tx => this.#insert(tx, code.hash, userCode, client, scope));
    return { deviceCode: code.token, userCode, expiresInMs: GRANT_MS, intervalMs: INTERVAL_MS };
  }

  async #insert(tx: Tx, hash: Uint8Array, userCode: string, client: OAuthClient, scope: Scope): Promise<void> {
    if ((await countDeviceGrants(tx)) >= this.#most)
      throw new OAuthError('temporarily_unavailable', 'Too many devices wait to be let in. Try again later.');
    await insertDeviceGrant(tx, hash, {
      user_code: userCode,
      client_id: client.id,
      device_id: scope.deviceId,
      scope: scope.text,
      interval_ms: INTERVAL_MS,
      expires_ts: this.#parts.clock.now() + GRANT_MS,
    });
  }

  /** The device with this code, however it is typed; undefined where none waits under it. */
  async find(typed: string): Promise<WaitingDevice | undefined> {
    const { db, clock, clients } = this.#parts;
    const userCode = typedUserCode(typed);
    const row = userCode === undefined ? undefined : await undecidedGrant(db, userCode, clock.now());
    const client = row && (await clients.find(row.client_id));
    return client && { client, userCode: row.user_code, deviceId: row.device_id };
  }

  /** `userNid`: who lets it in; undefined denies it. False: somebody has decided already, or it is too late. */
  async decide(userCode: string, userNid: number | undefined): Promise<boolean> {
    const { db, clock } = this.#parts;
    return db.tx(tx => decideGrant(tx, userCode, userNid ?? null, clock.now()));
  }

  /**
   * The tokens of a device that has been let in. It has them once.
   *
   * @throws OAuthError authorization_pending, slow_down, access_denied, expired_token, invalid_grant; MatrixError as
   *   `Login.open`
   */
  async poll(client: OAuthClient, deviceCode: string): Promise<Granted> {
    const hash = hashSecretToken(deviceCode);
    const outcome = hash && (await this.#parts.db.tx(tx => this.#poll(tx, hash, client)));
    if (typeof outcome === 'object') return outcome;
    throw refusal(outcome ?? 'invalid_grant');
  }

  /** What is refused is answered and not thrown: that it was asked is to be remembered. */
  async #poll(tx: Tx, hash: Uint8Array, client: OAuthClient): Promise<Granted | OAuthErrorCode> {
    const row = await lockDeviceGrant(tx, hash);
    if (row === undefined || row.client_id !== client.id) return 'invalid_grant';
    if (row.is_denied === 1) return 'access_denied';
    if (row.expires_ts <= this.#parts.clock.now()) return 'expired_token';
    if (row.user_nid === null) return this.#wait(tx, hash, row);
    const session = await this.#parts.login.openIn(tx, {
      userNid: row.user_nid,
      deviceId: row.device_id,
      displayName: client.metadata.client_name,
      refreshable: true,
      oauthClient: client.id,
    });
    await deleteDeviceGrant(tx, hash);
    return { session, scope: row.scope };
  }

  async #wait(tx: Tx, hash: Uint8Array, row: DeviceGrantRow): Promise<OAuthErrorCode> {
    const now = this.#parts.clock.now();
    const isTooSoon = now - row.polled_ts < row.interval_ms - TOLERANCE_MS;
    const interval = isTooSoon ? Math.min(row.interval_ms + SLOWER_MS, SLOWEST_MS) : row.interval_ms;
    await setPolled(tx, hash, now, interval);
    return isTooSoon ? 'slow_down' : 'authorization_pending';
  }

  async sweep(tx: Tx): Promise<void> {
    await deleteGrantsExpiredBefore(tx, this.#parts.clock.now() - KEEP_MS);
  }
}

const WORDS: Partial<Readonly<Record<OAuthErrorCode, string>>> = {
  authorization_pending: 'Nobody has let the device in yet.',
  slow_down: 'Ask less often: five seconds more between two requests.',
  access_denied: 'The user did not allow it.',
  expired_token: 'The codes have expired. Begin again.',
  invalid_grant: 'The device code is unknown, used or not yours.',
};

function refusal(code: OAuthErrorCode): OAuthError {
  return new OAuthError(code, WORDS[code] ?? 'The device code is not good.');
}
