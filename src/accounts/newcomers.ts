import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { UserId } from '../core/ids.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { Database } from '../db/database.ts';
import type { ExternalIdentities } from './external-identities.ts';
import { mappedLocalpart } from './mapped-localpart.ts';
import { setProfileField } from './profile.table.ts';
import { fieldValue } from './profile-field.ts';
import type { Registration } from './registration.ts';
import type { SignedOn } from './sign-on-ports.ts';
import { recordAcceptance } from './terms.ts';
import type { User, Users } from './users.ts';

/** Somebody who has signed in at a provider and has no account here. */
export interface Newcomer extends SignedOn {
  readonly provider: string;
}

export interface NewcomersParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly users: Users;
  readonly identities: ExternalIdentities;
  readonly registration: Registration;
}

/** Names that are tried when the wanted one is taken: with the numbers 2 to 20, then with letters that nobody has. */
const MOST_NUMBERS = 20;

/** Makes accounts for those who come by single sign-on. */
export class Newcomers {
  readonly #parts: NewcomersParts;

  constructor(parts: NewcomersParts) {
    this.#parts = parts;
  }

  /** Whoever gets an account has accepted the policies, which is written down with it. */
  async make({ provider, subject, username, displayName }: Newcomer): Promise<User> {
    const { db, clock, users, identities, registration } = this.#parts;
    const userId = await this.#freeName(mappedLocalpart(username ?? ''));
    const userNid = await db.tx(async tx => {
      const made = await users.create(tx, { userId });
      const name = fieldValue('displayname', displayName ?? username ?? '');
      if (name !== undefined) await setProfileField(tx, made, 'displayname', JSON.stringify(name));
      await identities.add(tx, made, { provider, subject });
      await recordAcceptance(tx, made, registration.policies, clock.now());
      return made;
    });
    const user = await users.byNid(userNid);
    if (user === undefined) throw new Error('an account that was just made is not there');
    return user;
  }

  async #freeName(wanted: string): Promise<UserId> {
    const { registration, random } = this.#parts;
    const numbered = Array.from({ length: MOST_NUMBERS - 1 }, (_, index) => `${wanted}${index + 2}`);
    const named = wanted === '' ? [] : [wanted, ...numbered];
    for (const name of named) if (await isAvailable(registration, name)) return registration.requireAvailable(name);
    return registration.requireAvailable(`u${Buffer.from(random.bytes(8)).toString('hex')}`);
  }
}

async function isAvailable(registration: Registration, name: string): Promise<boolean> {
  try {
    await registration.requireAvailable(name);
    return true;
  } catch (error) {
    if (error instanceof MatrixError) return false;
    throw error;
  }
}
