import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Bus } from '../bus/bus.ts';
import type { UserId } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import { changedMembers, forgetChangedMembers } from '../rooms/changed-members.table.ts';
import { followLogs } from '../rooms/log-reader.ts';
import type { Nids } from '../rooms/nids.table.ts';
import { nameWords, userIdWords } from './search-words.ts';
import { ID_WORDS, NAME_WORDS, namesOfMembers, replaceUserWords } from './user-word.table.ts';

export interface RemoteUserWordsParts {
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly nids: Nids;
}

/** Users of one transaction: small, because others wait for it. */
const AT_ONCE = 100;
/** A big room comes in for minutes; what is heavy then is not made heavier. */
const CALM_MS = 10_000;
/** Somebody may be called something else in each of a thousand rooms, in thousands of words. */
const MOST_NAMES = 5;
const MOST_WORDS = 60;

/** Keeps the words by which users of other servers are found in the user directory, behind the rooms that they are in. */
export class RemoteUserWords {
  readonly #parts: RemoteUserWordsParts;

  constructor(parts: RemoteUserWordsParts) {
    this.#parts = parts;
  }

  /** Takes in what changes until `signal` aborts. */
  run(signal: AbortSignal): Promise<void> {
    const failure = 'Users of other servers could not be taken into the directory; it goes on in a moment.';
    return followLogs(this.#parts, { catchUp: () => this.catchUp(signal), calmMs: CALM_MS, failure }, signal);
  }

  /** Resolves when everybody who changed until now is taken in. */
  async catchUp(signal?: AbortSignal): Promise<void> {
    const { db } = this.#parts;
    while (signal?.aborted !== true) {
      const changed = await changedMembers(db, AT_ONCE);
      if (changed.length === 0) return;
      await this.#takeIn(
        [...new Set(changed.map(row => row.user_nid))],
        changed.map(row => row.nid),
      );
    }
  }

  /** The notes go with the words in one transaction. Two processes that do the same do it twice, which changes nothing. */
  async #takeIn(userNids: readonly number[], notes: readonly number[]): Promise<void> {
    const { db, nids } = this.#parts;
    const ids = await nids.users.names(db, userNids);
    await db.tx(async tx => {
      await forgetChangedMembers(tx, notes);
      const rows = Map.groupBy(await namesOfMembers(tx, userNids), row => row.user_nid);
      const words = userNids.flatMap(userNid => {
        const userId = ids.get(userNid);
        const names = rows.get(userNid);
        // In no room any more, or never quite in one.
        if (userId === undefined || names === undefined) return [];
        return wordsOf(userNid, userId, [...new Set(names.map(row => row.display_name ?? ''))]);
      });
      await replaceUserWords(tx, userNids, words);
    });
  }
}

function wordsOf(userNid: number, userId: UserId, names: readonly string[]) {
  const ofId = new Set(userIdWords(userId));
  const all = [...ofId, ...names.slice(0, MOST_NAMES).flatMap(nameWords)];
  const kept = withoutBeginnings(all.slice(0, MOST_WORDS));
  return kept.map(word => ({ userNid, source: ofId.has(word) ? ID_WORDS : NAME_WORDS, word }) as const);
}

/** Whoever searches for the beginning of a word finds the word: there is no need to keep both. */
function withoutBeginnings(words: readonly string[]): string[] {
  const sorted = [...new Set(words)].sort();
  return sorted.filter((word, at) => sorted[at + 1]?.startsWith(word) !== true);
}
