import type { UserId } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import type { Profiles } from './profiles.ts';
import { nameWords, searchedWords, userIdWords } from './search-words.ts';
import { findUsers, ID_WORDS, NAME_WORDS, setUserWords, usersWithoutWords } from './user-word.table.ts';

export interface FoundUser {
  readonly userId: UserId;
  readonly displayName: string | undefined;
  readonly avatarUrl: string | undefined;
}

export interface UserDirectoryParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly profiles: Profiles;
}

const BATCH = 500;

/**
 * Finds users of this server by ID and display name (client-server API, "User Directory"). What a search shows is the
 * profile: what somebody calls themselves in one room is nobody else's business.
 */
export class UserDirectory {
  readonly #parts: UserDirectoryParts;

  constructor(parts: UserDirectoryParts) {
    this.#parts = parts;
  }

  /** At most `limit` users other than the searcher, best first; `limited` when there are more. */
  async search(
    searcherNid: number,
    term: string,
    limit: number,
  ): Promise<{ readonly users: readonly FoundUser[]; readonly limited: boolean }> {
    const { db, nids, profiles } = this.#parts;
    const words = searchedWords(term).toSorted((a, b) => b.length - a.length);
    if (words.length === 0) return { users: [], limited: false };
    const found = await findUsers(db, searcherNid, words, limit + 1);
    const shown = found.slice(0, limit);
    const names = await nids.users.names(db, shown);
    const known = await profiles.forMembers(db, shown);
    const users = shown.flatMap(nid => {
      const userId = names.get(nid);
      const profile = known.get(nid);
      return userId === undefined
        ? []
        : [{ userId, displayName: profile?.displayname, avatarUrl: profile?.avatar_url }];
    });
    return { users, limited: found.length > limit };
  }

  /** Takes in the accounts that are not to be found yet: those made before there was a directory. */
  async fill(): Promise<void> {
    const { db, profiles } = this.#parts;
    for (;;) {
      const missing = await usersWithoutWords(db, BATCH);
      if (missing.length === 0) return;
      await db.tx(async tx => {
        const known = await profiles.forMembers(
          tx,
          missing.map(row => row.user_nid),
        );
        for (const { user_nid: userNid, user_id: userId } of missing) {
          await setUserWords(tx, userNid, ID_WORDS, userIdWords(userId));
          await setUserWords(tx, userNid, NAME_WORDS, nameWords(known.get(userNid)?.displayname ?? ''));
        }
      });
    }
  }
}
