import type { Budget } from '../base/budget.ts';
import { ByteCache } from '../base/byte-cache.ts';
import type { Clock } from '../base/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { Tx } from '../db/database.ts';
import type { Requester } from './requester.ts';

/** The bus subject on which the number of a user is published whose sessions or rights have changed. */
export const SESSIONS_CHANGED = 'accounts.sessions';

/** The bus may lose a message: no cached session is believed for longer than this. */
const MAX_AGE_MS = 60_000;
const MAX_CHANGED = 10_000;

export interface CachedSession {
  readonly requester: Requester;
  readonly expiresTs: number | undefined;
  readonly isLocked: boolean;
}

interface Entry extends CachedSession {
  readonly mark: number;
  readonly loadedAt: number;
}

/**
 * Sessions by the hash of their token. A change of a user outdates all entries of that user that were read before it,
 * those too whose reading was under way.
 */
export class SessionCache implements Disposable {
  readonly #clock: Clock;
  readonly #bus: Bus;
  readonly #entries: ByteCache<Entry>;
  readonly #changed = new Map<number, number>();
  readonly #subscriptions = new DisposableStack();
  #sequence = 0;
  #floor = 0;

  constructor(clock: Clock, bus: Bus, budget: Budget) {
    this.#clock = clock;
    this.#bus = bus;
    this.#entries = new ByteCache<Entry>({ name: 'sessions', budget, weight: 80, sizeOf: entryBytes });
    this.#subscriptions.use(bus.subscribe(SESSIONS_CHANGED, message => this.#drop(Number(message))));
    this.#subscriptions.use(bus.missed(() => this.#dropAll()));
  }

  get(key: string): CachedSession | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const changedAt = this.#changed.get(entry.requester.userNid) ?? 0;
    const isFresh = entry.mark >= this.#floor && entry.mark >= changedAt;
    if (isFresh && this.#clock.monotonic() - entry.loadedAt < MAX_AGE_MS) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  /** To be taken before reading what will be `set`. */
  mark(): number {
    return this.#sequence;
  }

  set(key: string, mark: number, session: CachedSession): void {
    this.#entries.set(key, { ...session, mark, loadedAt: this.#clock.monotonic() });
  }

  /** Outdates all sessions of a user, here at once and elsewhere over the bus, once the transaction is durable. */
  forget(tx: Tx, userNid: number): void {
    tx.afterCommit(() => {
      this.#drop(userNid);
      this.#bus.publish(SESSIONS_CHANGED, String(userNid));
    });
  }

  #drop(userNid: number): void {
    this.#sequence++;
    if (this.#changed.size >= MAX_CHANGED) this.#dropAll();
    this.#changed.set(userNid, this.#sequence);
  }

  #dropAll(): void {
    this.#sequence++;
    this.#changed.clear();
    this.#entries.clear();
    this.#floor = this.#sequence;
  }

  get stats() {
    return this.#entries.stats;
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
  }
}

function entryBytes(entry: Entry): number {
  return 300 + 2 * (entry.requester.userId.length + (entry.requester.deviceId?.length ?? 0));
}
