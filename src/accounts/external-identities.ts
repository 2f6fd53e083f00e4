import type { Clock } from '../base/clock.ts';
import { invalidParam, MatrixError } from '../core/matrix-error.ts';
import type { Database, Queryable, Tx } from '../db/database.ts';
import {
  deleteExternalIdentitiesOf,
  type ExternalIdentityRow,
  externalIdentitiesOf,
  externalIdentityOwner,
  insertExternalIdentity,
} from './external-identity.table.ts';
import type { User, Users } from './users.ts';

/** Who somebody is at a provider of single sign-on. */
export type ExternalIdentity = ExternalIdentityRow;

export interface ExternalIdentitiesParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly users: Users;
}

const MOST_OF_ONE_USER = 20;
const LONGEST = 255;

/** Which accounts people have who log in by single sign-on. An account is never found by its name: names are claims. */
export class ExternalIdentities {
  readonly #parts: ExternalIdentitiesParts;

  constructor(parts: ExternalIdentitiesParts) {
    this.#parts = parts;
  }

  of(userNid: number): Promise<ExternalIdentity[]> {
    return externalIdentitiesOf(this.#parts.db, userNid);
  }

  async owner(identity: ExternalIdentity, db: Queryable = this.#parts.db): Promise<User | undefined> {
    const userNid = await externalIdentityOwner(db, identity);
    return userNid === undefined ? undefined : this.#parts.users.byNid(userNid, db);
  }

  /** @throws MatrixError M_INVALID_PARAM, M_UNKNOWN (409) when the identity is somebody's already */
  async add(tx: Tx, userNid: number, identity: ExternalIdentity): Promise<void> {
    for (const text of [identity.provider, identity.subject])
      if (text === '' || text.length > LONGEST) throw invalidParam(`An external ID has 1 to ${LONGEST} characters.`);
    if (await insertExternalIdentity(tx, identity, userNid, this.#parts.clock.now())) return;
    throw new MatrixError('M_UNKNOWN', 'This external ID belongs to another account.', { status: 409 });
  }

  /** An administrator says who a user is. @throws MatrixError as `add` */
  async replace(userNid: number, wanted: readonly ExternalIdentity[]): Promise<void> {
    if (wanted.length > MOST_OF_ONE_USER) throw invalidParam(`A user has at most ${MOST_OF_ONE_USER} external IDs.`);
    await this.#parts.db.tx(async tx => {
      await deleteExternalIdentitiesOf(tx, userNid);
      for (const identity of wanted) await this.add(tx, userNid, identity);
    });
  }
}
