import type { Budget } from '../../base/budget.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import type { ServerName } from '../../core/ids.ts';
import { type ServerKey, type ServerKeys, ServerKeysError } from '../../core/server-keys.ts';
import type { Database } from '../../db/database.ts';
import { RefusedError, UnreachableError } from '../transport/errors.ts';
import { NoSlotError, Slots } from '../transport/slots.ts';
import { Batches, BatchesFullError } from './batches.ts';
import { FetchPace, type PaceSettings } from './fetch-pace.ts';
import { type KeyAnswer, storeAnswer } from './key-answer.ts';
import { fetchFromNotary, fetchFromServer, type KeyFetchParts, type WantedKey } from './key-fetch.ts';
import type { PublishedKeys } from './published-keys.ts';
import { keysOfServers } from './server-key.table.ts';

export interface KeyRingParts extends KeyFetchParts {
  readonly db: Database;
  readonly own: PublishedKeys;
  /** Servers that are asked for the keys of those that do not answer, in this order. */
  readonly notaries: readonly ServerName[];
  readonly pace: PaceSettings;
  readonly budget: Budget;
}

/** Keys that were found, by server and key ID. */
export class FoundKeys {
  readonly #keys: ReadonlyMap<ServerName, ServerKeys>;

  constructor(keys: ReadonlyMap<ServerName, ServerKeys>) {
    this.#keys = keys;
  }

  get(server: ServerName, keyId: string): ServerKey | undefined {
    return this.#keys.get(server)?.get(keyId);
  }
}

/** Keys in one query to a notary, and those that wait for the next. */
const NOTARY_BATCHES = { size: 100, limit: 20_000 };
/** Servers asked at once. The others wait: a big join wants the keys of thousands. */
const LIMITS = { total: 32, perKey: 1, waiting: 20_000, waitingPerKey: 1 };

/**
 * The keys of all servers: from memory, the database, the server itself and notaries, in this order. A key is looked
 * for again when it is not valid long enough for what it has to vouch for; whether it is valid stays the caller's question
 * (`keyValidAt`, `ServerKey.current`), since the answer depends on the room version.
 */
export class KeyRing {
  readonly #parts: KeyRingParts;
  readonly #pace: FetchPace;
  readonly #slots = new Slots(LIMITS);
  /** Searches that are under way, each of which ends without an error. */
  readonly #running = new Map<ServerName, Promise<void>>();
  readonly #notaryBatches = new Map<ServerName, Batches<WantedKey>>();
  readonly #cache: ByteCache<ServerKeys>;

  constructor(parts: KeyRingParts) {
    this.#parts = parts;
    this.#cache = new ByteCache({
      name: 'federation_keys',
      budget: parts.budget,
      weight: 60,
      sizeOf: keys => 300 + keys.size * 300,
    });
    this.#pace = new FetchPace(parts.pace, parts.clock, parts.budget);
  }

  /** A key, as well as it can be had; undefined when nobody has it. `minValidUntil` as in `WantedKey`. */
  async key(server: ServerName, keyId: string, minValidUntil: number): Promise<ServerKey | undefined> {
    return (await this.keysFor([{ server, keyId, minValidUntil }])).get(server, keyId);
  }

  /**
   * Many at once: servers are asked side by side, and what is missing then is asked of notaries in batches. Once `enough`
   * resolves, what is there by then has to do; the search itself goes on.
   */
  async keysFor(wanted: readonly WantedKey[], enough?: Promise<unknown>): Promise<FoundKeys> {
    const servers = [...new Set(wanted.map(({ server }) => server))];
    const known = await this.#known(servers);
    const missing = wanted.filter(each => !satisfies(known.get(each.server), each));
    if (missing.length > 0)
      await Promise.race([this.#search(missing, this.#parts.notaries), ...(enough ? [enough] : [])]);
    return new FoundKeys(missing.length === 0 ? known : await this.#known(servers));
  }

  /** Asks servers themselves for what they publish now, as far as they may be asked again already. Never throws. */
  async refresh(servers: readonly ServerName[]): Promise<void> {
    await this.#search(
      servers.map(server => ({ server, keyId: '', minValidUntil: 0 })),
      [],
    );
  }

  async #known(servers: readonly ServerName[]): Promise<Map<ServerName, ServerKeys>> {
    const { db, identity, own } = this.#parts;
    const known = new Map<ServerName, ServerKeys>();
    const unread: ServerName[] = [];
    for (const server of servers) {
      const keys = server === identity.serverName ? own.keys : this.#cache.get(server);
      if (keys === undefined) unread.push(server);
      else known.set(server, keys);
    }
    if (unread.length === 0) return known;
    for (const [server, keys] of await keysOfServers(db, unread)) {
      this.#cache.set(server, keys);
      known.set(server, keys);
    }
    return known;
  }

  /** Joins the searches that are under way, and starts those that may be started. */
  async #search(missing: readonly WantedKey[], notaries: readonly ServerName[]): Promise<void> {
    const byServer = Map.groupBy(missing, ({ server }) => server);
    byServer.delete(this.#parts.identity.serverName);
    const started: { readonly wanted: readonly WantedKey[]; readonly isFound: Promise<boolean> }[] = [];
    for (const [server, wanted] of byServer) {
      if (this.#running.has(server) || !this.#pace.mayAsk(server)) continue;
      started.push({ wanted, isFound: this.#askServer(server, wanted) });
    }
    const rest = Promise.all(started.map(({ isFound }) => isFound)).then(found =>
      this.#askNotaries(
        notaries,
        started.filter((_, at) => found[at] === false).flatMap(({ wanted }) => wanted),
      ),
    );
    for (const { wanted, isFound } of started) {
      const { server } = wanted[0]!;
      const search = isFound.then(found => (found ? undefined : rest)).finally(() => this.#running.delete(server));
      this.#running.set(server, search);
    }
    await Promise.all([...byServer.keys()].map(server => this.#running.get(server)));
  }

  /** Whether the server itself gave what is wanted. Never throws. */
  async #askServer(server: ServerName, wanted: readonly WantedKey[]): Promise<boolean> {
    const { log } = this.#parts;
    try {
      const giveBack = await this.#slots.take(server, new AbortController().signal);
      const answer = await fetchFromServer(this.#parts, server).finally(giveBack);
      const keys = await this.#store(answer);
      this.#pace.succeeded(server);
      return wanted.every(each => satisfies(keys, each));
    } catch (error) {
      this.#pace.failed(server);
      logFailure(log, `The keys of ${server} could not be had from itself`, error);
      return false;
    }
  }

  /** Never throws. */
  async #askNotaries(notaries: readonly ServerName[], wanted: readonly WantedKey[]): Promise<void> {
    let missing = wanted;
    for (const notary of notaries) {
      const askable = missing.filter(({ server }) => server !== notary);
      if (askable.length === 0) return;
      await this.#batchesFor(notary)
        .add(askable)
        .catch((error: unknown) => logFailure(this.#parts.log, `The notary ${notary} is not asked for keys`, error));
      missing = missing.filter(each => !satisfies(this.#cache.get(each.server), each));
    }
  }

  /** One query at a time: strangers that name servers which do not exist make us ask, and the notary shall not suffer. */
  #batchesFor(notary: ServerName): Batches<WantedKey> {
    const known = this.#notaryBatches.get(notary);
    if (known !== undefined) return known;
    const batches = new Batches<WantedKey>(batch => this.#askNotary(notary, batch), NOTARY_BATCHES);
    this.#notaryBatches.set(notary, batches);
    return batches;
  }

  async #askNotary(notary: ServerName, wanted: readonly WantedKey[]): Promise<void> {
    const pace = `notary ${notary}`;
    if (notary === this.#parts.identity.serverName || !this.#pace.mayAsk(pace)) return;
    try {
      const keys = await this.#notaryKeys(notary);
      const answers = await fetchFromNotary(this.#parts, notary, keys, wanted);
      for (const answer of answers) await this.#store(answer);
    } catch (error) {
      this.#pace.failed(pace);
      logFailure(this.#parts.log, `The notary ${notary} could not be asked for keys`, error);
    }
  }

  /** From the notary itself: who vouches for others must not be vouched for by others. */
  async #notaryKeys(notary: ServerName): Promise<ServerKeys> {
    const now = this.#parts.clock.now();
    const isFresh = (keys: ServerKeys | undefined) =>
      [...(keys?.values() ?? [])].some(key => key.current && key.validUntilTs >= now);
    const known = (await this.#known([notary])).get(notary);
    // Not by a search that others can join: this one may be waited for by a search for the notary's own keys.
    if (!isFresh(known) && this.#pace.mayAsk(notary)) await this.#askServer(notary, []);
    return (await this.#known([notary])).get(notary) ?? new Map();
  }

  async #store(answer: KeyAnswer): Promise<ServerKeys> {
    const { db, clock, log } = this.#parts;
    const { keys, conflicts } = await db.tx(tx => storeAnswer(tx, answer, clock.now()));
    this.#cache.set(answer.server, keys);
    for (const id of conflicts) {
      log.warn(`${answer.server} publishes another key under the ID ${id} than before. The one known before stays.`);
    }
    return keys;
  }
}

/** Whether asking again could not give more. A key that its server has given up stays as it is. */
function satisfies(keys: ServerKeys | undefined, { keyId, minValidUntil }: WantedKey): boolean {
  const key = keys?.get(keyId);
  return key !== undefined && (!key.current || key.validUntilTs >= minValidUntil);
}

/** Failures of others are everyday life; those of ours are not. */
function logFailure(log: KeyRingParts['log'], what: string, error: unknown): void {
  const isTheirs =
    error instanceof UnreachableError ||
    error instanceof RefusedError ||
    error instanceof ServerKeysError ||
    error instanceof NoSlotError ||
    error instanceof BatchesFullError;
  if (isTheirs) log.debug(`${what}: ${error.message}`);
  else log.error(`${what}.`, { err: error });
}
