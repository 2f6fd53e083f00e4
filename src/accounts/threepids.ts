import type { Clock } from '../base/clock.ts';
import { invalidParam, MatrixError } from '../core/matrix-error.ts';
import type { Database, Queryable, Tx } from '../db/database.ts';
import { mailAddress } from './mail-address.ts';
import type { MailValidations, ValidationProof } from './mail-validations.ts';
import {
  deleteThreepid,
  deleteThreepidsOf,
  insertThreepid,
  type ThreepidRow,
  threepidOwner,
  threepidsOf,
} from './threepid.table.ts';
import type { User, Users } from './users.ts';

export interface ThreepidsParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly users: Users;
  readonly validations: MailValidations;
}

const MOST_OF_ONE_USER = 20;

/** Third-party identifiers: the mail addresses with which users can log in, and get a new password. */
export class Threepids {
  readonly #parts: ThreepidsParts;

  constructor(parts: ThreepidsParts) {
    this.#parts = parts;
  }

  of(userNid: number): Promise<ThreepidRow[]> {
    return threepidsOf(this.#parts.db, userNid);
  }

  /** Gives a user an address that was proved. @throws MatrixError M_THREEPID_AUTH_FAILED, M_THREEPID_IN_USE, M_LIMIT_EXCEEDED */
  async add(userNid: number, proof: ValidationProof): Promise<void> {
    const { db, clock, validations } = this.#parts;
    await db.tx(async tx => {
      const { medium, address, validatedTs } = await validations.take(tx, proof, 'add');
      if ((await threepidsOf(tx, userNid)).length >= MOST_OF_ONE_USER)
        throw new MatrixError('M_LIMIT_EXCEEDED', `A user has at most ${MOST_OF_ONE_USER} addresses.`);
      const row = { medium, address, validated_ts: validatedTs, added_ts: clock.now() };
      if (await insertThreepid(tx, userNid, row)) return;
      if ((await threepidOwner(tx, medium, address)) !== userNid)
        throw new MatrixError('M_THREEPID_IN_USE', 'An account has this address already.');
    });
  }

  /**
   * An administrator says which mail addresses a user has; nobody has to prove them.
   *
   * @throws MatrixError M_INVALID_PARAM, M_THREEPID_MEDIUM_NOT_SUPPORTED, M_THREEPID_IN_USE
   */
  async replace(
    userNid: number,
    wanted: readonly { readonly medium: string; readonly address: string }[],
  ): Promise<void> {
    const { db, clock } = this.#parts;
    const other = wanted.find(({ medium }) => medium !== 'email');
    if (other !== undefined)
      throw new MatrixError('M_THREEPID_MEDIUM_NOT_SUPPORTED', 'This server keeps mail addresses only.');
    if (wanted.length > MOST_OF_ONE_USER) throw invalidParam(`A user has at most ${MOST_OF_ONE_USER} addresses.`);
    const addresses = new Set(wanted.map(({ address }) => mailAddress(address)));
    await db.tx(async tx => {
      const known = await threepidsOf(tx, userNid);
      for (const { medium, address } of known)
        if (!addresses.delete(address)) await deleteThreepid(tx, userNid, medium, address);
      for (const address of addresses) {
        const row = { medium: 'email', address, validated_ts: clock.now(), added_ts: clock.now() };
        if (!(await insertThreepid(tx, userNid, row)))
          throw new MatrixError('M_THREEPID_IN_USE', `Another account has the address ${address}.`);
      }
    });
  }

  /** Takes an address away from a user who has it. */
  async remove(userNid: number, medium: string, address: string): Promise<void> {
    const stored = storedAddress(medium, address);
    if (stored !== undefined) await this.#parts.db.tx(tx => deleteThreepid(tx, userNid, medium, stored));
  }

  /** The user who has an address. */
  async owner(medium: string, address: string, db: Queryable = this.#parts.db): Promise<User | undefined> {
    const stored = storedAddress(medium, address);
    const userNid = stored === undefined ? undefined : await threepidOwner(db, medium, stored);
    return userNid === undefined ? undefined : this.#parts.users.byNid(userNid, db);
  }

  removeAll(tx: Tx, userNid: number): Promise<void> {
    return deleteThreepidsOf(tx, userNid);
  }
}

/** An address as it would be stored; undefined for what never is. */
function storedAddress(medium: string, address: string): string | undefined {
  if (medium !== 'email') return undefined;
  try {
    return mailAddress(address);
  } catch (error) {
    if (error instanceof MatrixError) return undefined;
    throw error;
  }
}
