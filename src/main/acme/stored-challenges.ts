import type { Clock } from '../../base/clock.ts';
import type { Database } from '../../db/database.ts';
import { challengeAnswer, dropChallenge, putChallenge } from './acme.table.ts';
import type { Challenges } from './obtain.ts';

/** A server that was ended in the middle leaves its answer behind. */
const KEPT_MS = 3_600_000;
/** Tokens are at least 128 bits in base64url (RFC 8555, section 8.3); what is longer than this is none. */
const LONGEST_TOKEN = 256;

/** Answers in the database: the authority may come to any process of the server. */
export class StoredChallenges implements Challenges {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async keep(token: string, answer: string): Promise<void> {
    const now = this.#clock.now();
    await this.#db.tx(tx => putChallenge(tx, { token, answer, now, until: now + KEPT_MS }));
  }

  async drop(token: string): Promise<void> {
    await this.#db.tx(tx => dropChallenge(tx, token));
  }

  async answerTo(token: string): Promise<string | undefined> {
    return token.length > LONGEST_TOKEN ? undefined : challengeAnswer(this.#db, token);
  }
}
