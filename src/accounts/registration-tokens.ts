import type { Clock } from '../base/clock.ts';
import { type Random, randomToken } from '../base/random.ts';
import { invalidParam, notFound } from '../core/matrix-error.ts';
import type { Database, Tx } from '../db/database.ts';
import {
  changeRegistrationToken,
  deleteRegistrationToken,
  insertRegistrationToken,
  type RegistrationTokenRow,
  registrationToken,
  registrationTokens,
  reserveRegistrationToken,
  settleRegistrationToken,
} from './registration-token.table.ts';

export interface RegistrationToken {
  readonly token: string;
  readonly usesAllowed: number | undefined;
  readonly pending: number;
  readonly completed: number;
  readonly expiresTs: number | undefined;
}

/** Tokens that administrators hand out to those who may make an account. */
export class RegistrationTokens {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(db: Database, clock: Clock, random: Random) {
    this.#db = db;
    this.#clock = clock;
    this.#random = random;
  }

  /** `length`: of a token that is made up. @throws MatrixError M_INVALID_PARAM when the wanted one breaks the grammar or exists */
  async create(
    wanted: string | undefined,
    bounds: { readonly usesAllowed?: number | undefined; readonly expiresTs?: number | undefined } = {},
    length = 16,
  ): Promise<string> {
    const token = wanted ?? randomToken(this.#random, length).slice(0, length);
    // "m.login.registration_token": the grammar of opaque identifiers, at most 64 characters.
    if (!/^[A-Za-z0-9._~-]{1,64}$/.test(token)) {
      throw invalidParam('A registration token has 1 to 64 characters of A-Z, a-z, 0-9 and ._~-');
    }
    const row = {
      token,
      uses_allowed: bounds.usesAllowed ?? null,
      expires_ts: bounds.expiresTs ?? null,
      created_ts: this.#clock.now(),
    };
    const isNew = await this.#db.tx(tx => insertRegistrationToken(tx, row));
    if (!isNew) throw invalidParam('There is such a registration token already.');
    return token;
  }

  async list(): Promise<RegistrationToken[]> {
    return (await registrationTokens(this.#db)).map(asToken);
  }

  async find(token: string): Promise<RegistrationToken | undefined> {
    const row = await registrationToken(this.#db, token);
    return row === undefined ? undefined : asToken(row);
  }

  /** @throws MatrixError M_NOT_FOUND */
  async get(token: string): Promise<RegistrationToken> {
    const found = await this.find(token);
    if (found === undefined) throw notFound(`There is no registration token ${token}.`);
    return found;
  }

  /** Whether there was such a token. */
  change(token: string, usesAllowed: number | undefined, expiresTs: number | undefined): Promise<boolean> {
    const row = { token, uses_allowed: usesAllowed ?? null, expires_ts: expiresTs ?? null };
    return this.#db.tx(tx => changeRegistrationToken(tx, row));
  }

  /** Whether there was such a token. */
  remove(token: string): Promise<boolean> {
    return this.#db.tx(tx => deleteRegistrationToken(tx, token));
  }

  /** Whether an account could be made with the token now. */
  async isValid(token: string): Promise<boolean> {
    const found = await this.find(token);
    return found !== undefined && this.isGood(found);
  }

  /** Whether a token has uses and time left. */
  isGood({ usesAllowed, pending, completed, expiresTs }: RegistrationToken): boolean {
    const hasUses = usesAllowed === undefined || pending + completed < usesAllowed;
    return hasUses && (expiresTs === undefined || this.isFuture(expiresTs));
  }

  isFuture(ts: number): boolean {
    return ts > this.#clock.now();
  }

  /** Takes one use of the token, to be settled later. False when it has none. */
  reserve(tx: Tx, token: string): Promise<boolean> {
    return reserveRegistrationToken(tx, token, this.#clock.now());
  }

  settle(tx: Tx, token: string, isUsed: boolean): Promise<void> {
    return settleRegistrationToken(tx, token, isUsed);
  }
}

function asToken(row: RegistrationTokenRow): RegistrationToken {
  return {
    token: row.token,
    usesAllowed: row.uses_allowed ?? undefined,
    pending: row.pending,
    completed: row.completed,
    expiresTs: row.expires_ts ?? undefined,
  };
}
