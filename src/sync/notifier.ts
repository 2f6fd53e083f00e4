import type { Budget } from '../base/budget.ts';
import { ByteCache } from '../base/byte-cache.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Bus } from '../bus/bus.ts';
import type { ServerName, UserId } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import type { EventStore } from '../rooms/event-store.ts';
import { joinedOfDomain, roomsOfUser } from '../rooms/members.table.ts';
import type { Nids } from '../rooms/nids.table.ts';
import { MEMBERSHIPS } from '../rooms/room.ts';
import { LOG_EVENT, LOG_SUBJECT, type LogEntry } from '../rooms/room-log.table.ts';
import { userSubject } from '../rooms/user-log.table.ts';

export interface NotifierParts {
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly budget: Budget;
  readonly nids: Nids;
  readonly events: EventStore;
  readonly serverName: ServerName;
}

/** Told to a request that waits: something that its user may see has happened since it was made. */
export class Ticket implements Disposable {
  readonly #clock: Clock;
  readonly #release: (ticket: Ticket) => void;
  #fired = false;
  #resolve: (() => void) | undefined;

  constructor(clock: Clock, release: (ticket: Ticket) => void) {
    this.#clock = clock;
    this.#release = release;
  }

  fire(): void {
    this.#fired = true;
    this.#resolve?.();
  }

  /** Resolves when fired (also when that was before), after `ms`, or when `signal` aborts. */
  async wait(ms: number, signal: AbortSignal): Promise<'fired' | 'timeout' | 'aborted'> {
    if (!this.#fired && !signal.aborted && ms > 0) {
      await this.#settled(ms, signal);
    }
    if (this.#fired) {
      this.#fired = false;
      return 'fired';
    }
    return signal.aborted ? 'aborted' : 'timeout';
  }

  #settled(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const settle = () => {
        timer.cancel();
        signal.removeEventListener('abort', settle);
        this.#resolve = undefined;
        resolve();
      };
      const timer = this.#clock.after(ms, settle);
      signal.addEventListener('abort', settle, { once: true });
      this.#resolve = settle;
    });
  }

  [Symbol.dispose](): void {
    this.#release(this);
  }
}

/** Wakes the long-polls of exactly those local users whom a new log entry concerns. */
export class Notifier implements Disposable {
  readonly #parts: NotifierParts;
  readonly #waiting = new Map<number, Set<Ticket>>();
  readonly #members: ByteCache<readonly number[]>;
  readonly #subscriptions = new DisposableStack();
  /** Counts changes, so that members that were read before one are not kept after it. */
  #changes = 0;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    this.#members = new ByteCache({
      name: 'room_local_members',
      budget: parts.budget,
      weight: 30,
      sizeOf: list => list.length * 8,
    });
    const told = parts.bus.subscribe(LOG_SUBJECT, message => {
      this.#entry(JSON.parse(message) as LogEntry).catch((error: unknown) => {
        parts.log.error('Waking the readers of a log entry failed; they will see it at their next poll.', {
          err: error,
        });
      });
    });
    this.#subscriptions.use(told);
    this.#subscriptions.use(parts.bus.missed(() => this.#lookAgain()));
  }

  /** Whoever waits may have missed what they wait for. */
  #lookAgain(): void {
    this.#changes++;
    this.#members.clear();
    for (const userNid of this.#waiting.keys()) this.#wake(userNid);
  }

  /** To be taken before looking at the database, so that nothing that comes in between is missed. */
  take(userNid: number): Ticket {
    const tickets = this.#waiting.get(userNid) ?? new Set();
    this.#waiting.set(userNid, tickets);
    const subscription = this.#parts.bus.subscribe(userSubject(userNid), () => ticket.fire());
    const ticket: Ticket = new Ticket(this.#parts.clock, done => {
      subscription[Symbol.dispose]();
      tickets.delete(done);
      if (tickets.size === 0 && this.#waiting.get(userNid) === tickets) this.#waiting.delete(userNid);
    });
    tickets.add(ticket);
    return ticket;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Wakes the local members of a room: for what is in no log (typing). */
  async wakeRoom(roomNid: number): Promise<void> {
    if (this.#waiting.size === 0) return;
    for (const userNid of await this.#localMembers(roomNid)) this.#wake(userNid);
  }

  /** Wakes those who share a room with some users, and these themselves: for presence. */
  async wakeAround(userNids: readonly number[]): Promise<void> {
    if (this.#waiting.size === 0) return;
    const rooms = new Set<number>();
    for (const userNid of userNids) {
      this.#wake(userNid);
      for (const row of await roomsOfUser(this.#parts.db, userNid)) {
        if (row.membership === MEMBERSHIPS.join) rooms.add(row.room_nid);
      }
    }
    for (const roomNid of rooms) await this.wakeRoom(roomNid);
  }

  #wake(userNid: number): void {
    for (const ticket of this.#waiting.get(userNid) ?? []) ticket.fire();
  }

  async #entry(entry: LogEntry): Promise<void> {
    const target = entry.kind === LOG_EVENT ? await this.#memberTarget(entry.ref) : undefined;
    if (target !== undefined) {
      this.#changes++;
      this.#members.delete(String(entry.room_nid));
    }
    await this.wakeRoom(entry.room_nid);
    if (target !== undefined) {
      const userNid = await this.#parts.nids.users.findOne(this.#parts.db, target);
      if (userNid !== undefined) this.#wake(userNid);
    }
  }

  /** Whom a membership event is about: they may not be a member (any more). */
  async #memberTarget(eventNid: number): Promise<UserId | undefined> {
    const stored = await this.#parts.events.byNid(this.#parts.db, eventNid);
    if (stored?.event.type !== 'm.room.member') return undefined;
    return stored.event.stateKey as UserId | undefined;
  }

  async #localMembers(roomNid: number): Promise<readonly number[]> {
    const cached = this.#members.get(String(roomNid));
    if (cached !== undefined) return cached;
    const before = this.#changes;
    const domain = await this.#parts.nids.domains.findOne(this.#parts.db, this.#parts.serverName);
    const rows = domain === undefined ? [] : await joinedOfDomain(this.#parts.db, roomNid, domain);
    const nids = rows.map(row => row.user_nid);
    if (this.#changes === before) this.#members.set(String(roomNid), nids);
    return nids;
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
    for (const tickets of this.#waiting.values()) for (const ticket of tickets) ticket.fire();
  }
}
