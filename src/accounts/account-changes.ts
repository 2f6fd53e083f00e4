import type { Clock } from '../base/clock.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { Database } from '../db/database.ts';
import { setErased, unsetErased } from '../rooms/erased-users.table.ts';
import { setPasswordHash } from './account.table.ts';
import type { AccountData } from './account-data.ts';
import type { AccountTasks } from './account-tasks.ts';
import { deleteApplication } from './application.table.ts';
import type { Devices } from './devices.ts';
import type { Filters } from './filters.ts';
import type { MailValidations, ValidationProof } from './mail-validations.ts';
import type { Passwords } from './passwords.ts';
import type { DeviceListener } from './ports.ts';
import type { Profiles } from './profiles.ts';
import type { Requester } from './requester.ts';
import { userIdWords } from './search-words.ts';
import { deleteShortTokensOf } from './short-token.table.ts';
import type { Threepids } from './threepids.ts';
import { deleteUserWords, ID_WORDS, setUserWords } from './user-word.table.ts';
import type { User, Users } from './users.ts';

export interface AccountChangesParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly users: Users;
  readonly devices: Devices;
  readonly listener: DeviceListener;
  readonly passwords: Passwords;
  readonly profiles: Profiles;
  readonly accountData: AccountData;
  readonly filters: Filters;
  readonly tasks: AccountTasks;
  readonly validations: MailValidations;
  readonly threepids: Threepids;
}

/** New passwords and the end of accounts. */
export class AccountChanges {
  readonly #parts: AccountChangesParts;

  constructor(parts: AccountChangesParts) {
    this.#parts = parts;
  }

  /**
   * Sets a password. `endSessions`: all sessions of the user end but that of `keep`.
   *
   * @throws MatrixError M_WEAK_PASSWORD, M_INVALID_PARAM, M_LIMIT_EXCEEDED
   */
  async setPassword(
    userNid: number,
    password: string,
    { endSessions, keep }: { readonly endSessions: boolean; readonly keep?: Requester | undefined },
  ): Promise<void> {
    const hash = await this.#parts.passwords.hash(password);
    await this.#parts.db.tx(async tx => {
      await setPasswordHash(tx, userNid, hash);
      await deleteShortTokensOf(tx, userNid);
      if (endSessions) await this.#parts.devices.removeAll(tx, userNid, keep);
    });
  }

  /**
   * Sets the password of whoever has the address that was proved for it.
   * @throws MatrixError as `setPassword`, and M_THREEPID_AUTH_FAILED, M_THREEPID_NOT_FOUND
   */
  async resetPassword(proof: ValidationProof, password: string, endSessions: boolean): Promise<void> {
    const { db, devices, passwords, validations, threepids } = this.#parts;
    const hash = await passwords.hash(password);
    await db.tx(async tx => {
      const { medium, address } = await validations.take(tx, proof, 'reset');
      const owner = await threepids.owner(medium, address, tx);
      if (owner === undefined) throw new MatrixError('M_THREEPID_NOT_FOUND', 'No account has this address any more.');
      await setPasswordHash(tx, owner.userNid, hash);
      await deleteShortTokensOf(tx, owner.userNid);
      if (endSessions) await devices.removeAll(tx, owner.userNid, undefined);
    });
  }

  /**
   * Closes an account for good: no login, no devices, and all rooms are left. `erase`: what belongs to the account
   * alone is deleted, and its messages are hidden from those who come later. Who the user is at providers of single
   * sign-on is kept: without it they would come back with a new account at once (decision 0185).
   */
  async deactivate(userNid: number, erase: boolean): Promise<void> {
    const { db, users, devices, tasks } = this.#parts;
    await db.tx(async tx => {
      await users.setFlag(tx, userNid, 'is_deactivated', true);
      await setPasswordHash(tx, userNid, null);
      await deleteShortTokensOf(tx, userNid);
      await deleteUserWords(tx, userNid);
      await deleteApplication(tx, userNid);
      await this.#parts.threepids.removeAll(tx, userNid);
      await devices.removeAll(tx, userNid, undefined);
      await this.#parts.listener.accountClosed(tx, userNid);
      if (erase) {
        await users.setFlag(tx, userNid, 'is_erased', true);
        await setErased(tx, userNid, this.#parts.clock.now());
        await this.#parts.profiles.removeAll(tx, userNid);
        await this.#parts.accountData.removeAll(tx, userNid);
        await this.#parts.filters.removeAll(tx, userNid);
      }
      await tasks.schedule(tx, userNid, 'leave');
    });
  }

  /** Opens a closed account again. It has no password, no devices and no rooms until somebody gives it some. */
  async reactivate({ userId, userNid }: User): Promise<void> {
    const { db, users } = this.#parts;
    await db.tx(async tx => {
      await users.setFlag(tx, userNid, 'is_deactivated', false);
      await users.setFlag(tx, userNid, 'is_erased', false);
      await unsetErased(tx, userNid);
      await setUserWords(tx, userNid, ID_WORDS, userIdWords(userId));
    });
  }
}
