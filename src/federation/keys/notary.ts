import type { Clock } from '../../base/clock.ts';
import type { Identity } from '../../core/identity.ts';
import type { ServerName } from '../../core/ids.ts';
import { isObject, JsonError, type JsonObject, parseJson } from '../../core/json.ts';
import { signJson } from '../../core/signatures.ts';
import type { Database } from '../../db/database.ts';
import type { KeyRing } from './key-ring.ts';
import type { PublishedKeys } from './published-keys.ts';
import { type AnswerRow, answersOfServers } from './server-key.table.ts';

export interface NotaryParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly identity: Identity;
  readonly own: PublishedKeys;
  readonly keyRing: KeyRing;
}

/** Servers whose keys are wanted, each with the moment until which they should be valid, in milliseconds. */
export type NotaryQuery = ReadonlyMap<ServerName, number>;

/** Each answer costs a signature. */
export const MOST_SERVERS = 500;
/** Of those, servers that are asked anew on behalf of one request, and of all requests at once. */
const MOST_ASKED = 16;
const MOST_ASKED_AT_ONCE = 48;
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * What this server knows of the keys of others, with its own signature added (server-server API, "Querying Keys Through
 * Another Server"). Servers that cannot be reached are answered for from what they published last.
 */
export class Notary {
  readonly #parts: NotaryParts;
  #asking = 0;

  constructor(parts: NotaryParts) {
    this.#parts = parts;
  }

  /** At most `MOST_SERVERS` servers; those of which nothing is known are left out. */
  async answer(query: NotaryQuery): Promise<JsonObject[]> {
    const { db, identity, own } = this.#parts;
    const others = [...query.keys()].filter(server => server !== identity.serverName).slice(0, MOST_SERVERS);
    let rows = await answersOfServers(db, others);
    if (await this.#refreshStale(query, others, rows)) rows = await answersOfServers(db, others);
    const answers = query.has(identity.serverName) ? [own.answer()] : [];
    let bytes = 0;
    for (const { json } of rows) {
      bytes += json.length;
      if (bytes > MOST_BYTES) break;
      answers.push(...this.#signed(json));
    }
    return answers;
  }

  /** Asks servers of which too little is known, as many as one request may make us ask; whether any was asked. */
  async #refreshStale(
    query: NotaryQuery,
    servers: readonly ServerName[],
    rows: readonly AnswerRow[],
  ): Promise<boolean> {
    const known = new Map(rows.map(row => [row.server_name, row]));
    const now = this.#parts.clock.now();
    const stale = servers.filter(server => isStale(known.get(server), query.get(server) ?? now, now));
    const asked = stale.slice(0, Math.min(MOST_ASKED, MOST_ASKED_AT_ONCE - this.#asking));
    if (asked.length === 0) return false;
    this.#asking += asked.length;
    try {
      await this.#parts.keyRing.refresh(asked);
    } finally {
      this.#asking -= asked.length;
    }
    return true;
  }

  /** None when it cannot be signed: a server may publish what is no canonical JSON beside its keys. */
  #signed(text: string): JsonObject[] {
    const { serverName, signingKey } = this.#parts.identity;
    try {
      const json = parseJson(text, 'lenient');
      return isObject(json) ? [signJson(json, serverName, signingKey)] : [];
    } catch (error) {
      if (error instanceof JsonError) return [];
      throw error;
    }
  }
}

/** Answers are kept for half of their lifetime (`GET /_matrix/key/v2/server`). */
function isStale(row: AnswerRow | undefined, minValidUntil: number, now: number): boolean {
  if (row === undefined || row.valid_until < minValidUntil) return true;
  return now > row.fetched + (row.valid_until - row.fetched) / 2;
}
