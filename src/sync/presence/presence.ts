import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type Random, randomLetters } from '../../base/random.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Database } from '../../db/database.ts';
import { ChangeLog } from './change-log.ts';
import { findPresence, type PresenceRow, savePresence } from './presence.table.ts';
import { type Told, ToldPresence } from './told-presence.ts';
import { type Appears, type PresenceState, UserPresence } from './user-presence.ts';

export interface PresenceParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Wakes those who share rooms with some users. */
  readonly wake: (userNids: readonly number[]) => Promise<void>;
}

interface Known<User extends Appears = Appears> {
  readonly user: User;
  /** What others were told last. */
  shown: string;
  state: PresenceState;
  timer: Timer | undefined;
}

/** Users that are remembered; of those who are offline the one that went longest ago is forgotten first. */
const MOST_USERS = 20_000;
const MOST_CHANGES = 20_000;
/** Changes of so long are told together. */
const GATHER_MS = 100;
export const LONGEST_STATUS = 1000;
const ROWS_AT_ONCE = 200;

/**
 * Who is online (client-server API, "Presence"), in the memory of this process. A token names the run of the process and
 * a number of a change in it, so that after a restart everybody is told anew.
 */
export class Presence implements AsyncDisposable {
  readonly #parts: PresenceParts;
  readonly #run: string;
  readonly #users = new Map<number, Known>();
  readonly #changes = new ChangeLog(MOST_CHANGES);
  readonly #listeners = new Set<(userNids: readonly number[]) => void>();
  #untold = new Set<number>();

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    this.#run = randomLetters(parts.random, 4);
  }

  /** The listener is told whose presence changed. */
  listen(listener: (userNids: readonly number[]) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** The place in this run's changes, for a sync token. */
  get token(): string {
    return `${this.#run}-${this.#changes.serial.toString(36)}`;
  }

  /** Whether anybody changed since `token`. */
  movedSince(token: string | undefined): boolean {
    return this.#serialOf(token) !== this.#changes.serial;
  }

  /** Who changed since `token`; everybody who is not offline where that is not known. */
  changedSince(token: string | undefined): ReadonlySet<number> {
    const serial = this.#serialOf(token);
    return (serial === 0 ? undefined : this.#changes.after(serial)) ?? this.present();
  }

  /** Those who are not offline. */
  present(): ReadonlySet<number> {
    return new Set([...this.#users].filter(([, known]) => known.state !== 'offline').map(([userNid]) => userNid));
  }

  /** A device syncs, until what is returned is disposed of. */
  async syncing(userNid: number, deviceId: string, state: PresenceState): Promise<Disposable> {
    const known = await this.#known(userNid);
    const { clock } = this.#parts;
    known.user.says(deviceId, state, clock.now());
    if (state !== 'offline') known.user.opens(deviceId);
    this.#look(userNid, known);
    return {
      [Symbol.dispose]: () => {
        if (state !== 'offline') known.user.closes(deviceId, clock.now());
        this.#look(userNid, known);
      },
    };
  }

  /** A user says how they are; without a message an earlier one is gone. */
  async set(userNid: number, deviceId: string, state: PresenceState, statusMsg: string | undefined): Promise<void> {
    const known = await this.#known(userNid);
    const now = this.#parts.clock.now();
    const isNew = known.user.statusMsg !== statusMsg;
    known.user.statusMsg = statusMsg;
    known.user.says(deviceId, state, now);
    if (state === 'online') known.user.acts(now);
    this.#look(userNid, known);
    if (isNew) await this.#save([this.#row(userNid, known)]);
  }

  /** A user did something. */
  acts(userNid: number): void {
    const known = this.#users.get(userNid);
    if (known === undefined || !isOurs(known)) return;
    known.user.acts(this.#parts.clock.now());
    this.#look(userNid, known);
  }

  /** Another server says how one of its users is. It has to say so again: see `ToldPresence`. */
  hear(userNid: number, told: Told): void {
    const before = this.#users.get(userNid);
    if (before === undefined && told.presence === 'offline') return;
    if (before === undefined && this.#users.size >= MOST_USERS) this.#forgetOne();
    // Those whom we cannot remember are offline to us, like those whom we do not hear of.
    if (before === undefined && this.#users.size >= MOST_USERS) return;
    before?.timer?.cancel();
    const user = new ToldPresence(told, this.#parts.clock.now());
    const known: Known = { shown: '', state: 'offline', ...before, timer: undefined, user };
    this.#users.set(userNid, known);
    this.#look(userNid, known);
  }

  /** The content of a user's `m.presence`. */
  async contentOf(userNid: number): Promise<JsonObject> {
    const { db, clock } = this.#parts;
    const known = this.#users.get(userNid);
    const now = clock.now();
    if (known !== undefined) {
      const { presence, currentlyActive } = known.user.look(now);
      const active = presence === 'online' ? { currently_active: currentlyActive } : {};
      return { presence, ...agoAndStatus(now, known.user.lastActive, known.user.statusMsg), ...active };
    }
    const row = await findPresence(db, userNid);
    return { presence: 'offline', ...agoAndStatus(now, row?.last_active ?? 0, row?.status_msg ?? undefined) };
  }

  #serialOf(token: string | undefined): number {
    const [run, serial = ''] = token?.split('-') ?? [];
    return run === this.#run ? Number.parseInt(serial, 36) || 0 : 0;
  }

  /** Of a user of this server. */
  async #known(userNid: number): Promise<Known<UserPresence>> {
    const here = this.#users.get(userNid);
    if (here !== undefined && isOurs(here)) return here;
    const row = await findPresence(this.#parts.db, userNid);
    // Another request may have been faster.
    const faster = this.#users.get(userNid);
    if (faster !== undefined && isOurs(faster)) return faster;
    const known: Known<UserPresence> = {
      user: new UserPresence(row?.last_active ?? 0, row?.status_msg ?? undefined),
      shown: '',
      state: 'offline',
      timer: undefined,
    };
    this.#users.set(userNid, known);
    if (this.#users.size > MOST_USERS) this.#forgetOne();
    return known;
  }

  #forgetOne(): void {
    for (const [userNid, known] of this.#users) {
      if (known.state !== 'offline' || known.shown === '') continue;
      this.#users.delete(userNid);
      return;
    }
  }

  /** Tells of a user what changed, and sees to it that they are looked at when it changes by itself. */
  #look(userNid: number, known: Known): void {
    const { clock } = this.#parts;
    const now = clock.now();
    const { presence, currentlyActive, changesAt } = known.user.look(now);
    known.timer?.cancel();
    known.timer =
      changesAt === undefined ? undefined : clock.after(changesAt - now + 1, () => this.#look(userNid, known));
    const shown = JSON.stringify([presence, currentlyActive, known.user.statusMsg]);
    if (shown === known.shown || (known.shown === '' && presence === 'offline')) return;
    known.shown = shown;
    const hasGone = presence === 'offline' && known.state !== 'offline';
    known.state = presence;
    if (hasGone && isOurs(known)) void this.#save([this.#row(userNid, known)]);
    this.#changes.add(userNid);
    this.#tell(userNid);
  }

  #tell(userNid: number): void {
    this.#untold.add(userNid);
    if (this.#untold.size > 1) return;
    this.#parts.clock.after(GATHER_MS, () => {
      const told = [...this.#untold];
      this.#untold = new Set();
      for (const listener of this.#listeners) listener(told);
      this.#parts.wake(told).catch((error: unknown) => {
        this.#parts.log.warn('Presence is told late: those who wait for it could not be found.', { err: error });
      });
    });
  }

  #row(userNid: number, { user }: Known): PresenceRow {
    return { user_nid: userNid, last_active: user.lastActive, status_msg: user.statusMsg ?? null };
  }

  async #save(rows: readonly PresenceRow[]): Promise<void> {
    try {
      await this.#parts.db.tx(tx => savePresence(tx, rows));
    } catch (error) {
      this.#parts.log.warn('When a user was last active could not be stored.', { err: error });
    }
  }

  /** Remembers for the next run who was here. */
  async [Symbol.asyncDispose](): Promise<void> {
    const rows = [...this.#users]
      .filter(([, known]) => known.state !== 'offline' && isOurs(known))
      .map(([nid, one]) => this.#row(nid, one));
    for (const known of this.#users.values()) known.timer?.cancel();
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) await this.#save(rows.slice(at, at + ROWS_AT_ONCE));
  }
}

/** Of other servers' users nothing is stored: they tell us again. */
function isOurs(known: Known): known is Known<UserPresence> {
  return known.user instanceof UserPresence;
}

function agoAndStatus(now: number, lastActive: number, statusMsg: string | undefined): JsonObject {
  return {
    ...(lastActive === 0 ? {} : { last_active_ago: Math.max(0, now - lastActive) }),
    ...(statusMsg === undefined ? {} : { status_msg: statusMsg }),
  };
}
