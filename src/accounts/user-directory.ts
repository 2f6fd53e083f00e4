import { domainOf, type ServerName, type UserId } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import type { Profiles } from './profiles.ts';
import { nameWords, searchedWords, userIdWords } from './search-words.ts';
import { findUsers, ID_WORDS, NAME_WORDS, namesSeenBy, setUserWords, usersWithoutWords } from './user-word.table.ts';

export interface FoundUser {
  readonly userId: UserId;
  readonly displayName: string | undefined;
  readonly avatarUrl: string | undefined;
}

export interface UserDirectoryParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly profiles: Profiles;
  readonly serverName: ServerName;
}

const BATCH = 500;

/**
 * Finds users by ID and display name (client-server API, "User Directory"). What a search shows of users of this server is
 * their profile: what somebody calls themselves in one room is nobody else's business. Of users of other servers there is
 * nothing but what they are called in rooms, so the searcher sees that of rooms that they could look into.
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
    const words = searchedWords(term).toSorted((a, b) => b.length - a.length);
    if (words.length === 0) return { users: [], limited: false };
    const found = await findUsers(this.#parts.db, searcherNid, words, limit + 1);
    const shown = found.slice(0, limit);
    const names = await this.#parts.nids.users.names(this.#parts.db, shown);
    const isOurs = (nid: number) => domainOf(names.get(nid) ?? ('' as UserId)) === this.#parts.serverName;
    const [ours, others] = [shown.filter(isOurs), shown.filter(nid => !isOurs(nid))];
    const users = new Map([
      ...(await this.#ours(ours, names)),
      ...(await this.#others(others, names, searcherNid, words)),
    ]);
    return { users: shown.flatMap(nid => users.get(nid) ?? []), limited: found.length > limit };
  }

  async #ours(nids: readonly number[], names: Names): Promise<Map<number, FoundUser>> {
    const profiles = await this.#parts.profiles.forMembers(this.#parts.db, nids);
    return foundUsers(nids, names, nid => {
      const profile = profiles.get(nid);
      return { displayName: profile?.displayname, avatarUrl: profile?.avatar_url };
    });
  }

  /** Only those whom what the searcher may see of them leads to: the words are of all their rooms. */
  async #others(
    nids: readonly number[],
    names: Names,
    searcherNid: number,
    words: readonly string[],
  ): Promise<Map<number, FoundUser>> {
    if (nids.length === 0) return new Map();
    const seen = Map.groupBy(await namesSeenBy(this.#parts.db, searcherNid, nids), row => row.user_nid);
    const users = foundUsers(nids, names, nid => {
      const [latest] = seen.get(nid) ?? [];
      return { displayName: latest?.display_name ?? undefined, avatarUrl: latest?.avatar_url ?? undefined };
    });
    for (const [nid, { userId, displayName = '' }] of users) {
      const own = [...userIdWords(userId), ...nameWords(displayName)];
      if (!words.every(word => own.some(each => each.startsWith(word)))) users.delete(nid);
    }
    return users;
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

type Names = ReadonlyMap<number, UserId>;

function foundUsers(
  nids: readonly number[],
  names: Names,
  shown: (nid: number) => Omit<FoundUser, 'userId'>,
): Map<number, FoundUser> {
  return new Map(
    nids.flatMap(nid => {
      const userId = names.get(nid);
      return userId === undefined ? [] : [[nid, { userId, ...shown(nid) }] as const];
    }),
  );
}
