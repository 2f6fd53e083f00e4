import { Passwords } from '../accounts/passwords.ts';
import { accountSettings } from '../accounts/settings.ts';
import { newUserId } from '../accounts/user-names.ts';
import { Users } from '../accounts/users.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Config } from '../config/schema.ts';
import type { ServerName } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import type { AccountMaker } from '../http/site/welcome.ts';
import type { Nids } from '../rooms/nids.table.ts';
import { hasAdministrator } from './census.table.ts';

export interface AccountMakerParts {
  readonly db: Database;
  readonly config: Config;
  readonly serverName: ServerName;
  readonly clock: Clock;
  readonly random: Random;
  readonly nids: Nids;
}

/** Makes accounts for operators: from the command line and from invitation links, whatever `registration` says. */
export function accountMaker({ db, config, serverName, clock, random, nids }: AccountMakerParts): AccountMaker {
  const settings = accountSettings(config, { registrationSharedSecret: undefined, wellKnown: undefined });
  const users = new Users({ db, nids, clock, serverName, reserved: settings.reservedNames });
  const passwords = new Passwords(settings.passwords, random);
  return {
    exists: async localpart => (await users.toLogIn(localpart)) !== undefined,
    hasAdministrator: () => hasAdministrator(db),
    async create({ localpart, password, admin }) {
      const userId = newUserId(localpart, serverName);
      await users.requireFree(userId);
      const passwordHash = await passwords.hash(password);
      await db.tx(tx => users.create(tx, { userId, passwordHash, isAdmin: admin }));
    },
  };
}
