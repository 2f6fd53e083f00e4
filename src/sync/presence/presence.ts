import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Bus } from '../../bus/bus.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Database } from '../../db/database.ts';
import { RunCounter } from '../run-counter.ts';
import { ChangeLog } from './change-log.ts';
import { findPresence, type PresenceRow, savePresence } from './presence.table.ts';
import { hearPresence, type PresenceWord, type Present, tellPresence, tellWhoIsHere } from './presence-words.ts';
import { type Told, ToldPresence } from './told-presence.ts';
import { type Appears, type PresenceState, UserPresence } from './user-presence.ts';

export interface PresenceParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly bus: Bus;
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
  /** What other processes were told last of the devices that are connected here. */
  here: PresenceState;
}

/** Users that are remembered; of those who are offline the one that went longest ago is forgotten first. */
const MOST_USERS = 20_000;
const MOST_CHANGES = 20_000;
/** Changes of so long are told together. */
const GATHER_MS = 100;
export const LONGEST_STATUS = 1000;
const ROWS_AT_ONCE = 200;
/** Other processes are told again who is here: they believe it for `ELSEWHERE_MS`. */
const SAY_AGAIN_MS = 60_000;
/** Who asks is answered this often. */
const ANSWER_EVERY_MS = 5000;

/**
 * Who is online (client-server API, "Presence"), in memory only, whole in each process: each tells the others over the bus
 * how the devices are that are connected to it, when that changes and once a minute.
 */
export class Presence implements AsyncDisposable {
  readonly #parts: PresenceParts;
  readonly #counter: RunCounter;
  readonly #users = new Map<number, Known>();
  readonly #changes: ChangeLog;
  readonly #subscription: Disposable;
  readonly #listeners = new Set<(userNids: readonly number[]) => void>();
  #untold = new Set<number>();
  #again: Timer;
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    this.#counter = new RunCounter(parts);
    this.#changes = new ChangeLog(this.#counter, MOST_CHANGES);
    this.#subscription = hearPresence(parts.bus, word => this.#hear(word));
    this.#again = parts.clock.after(SAY_AGAIN_MS, () => this.#sayAgain());
    tellPresence(parts.bus, { kind: 'ask', run: this.#counter.run });
  }

  /** The listener is told whose presence changed. */
  listen(listener: (userNids: readonly number[]) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** The place in what changed, for a sync token. */
  get token(): string {
    return this.#counter.token;
  }

  /** Whether anybody changed since `token`. */
  movedSince(token: string | undefined): boolean {
    return this.#changes.after(token)?.size !== 0;
  }

  /** Who changed since `token`; everybody who is not offline where that is not known. */
  changedSince(token: string | undefined): ReadonlySet<number> {
    return this.#changes.after(token) ?? this.present();
  }

  /** Those who are not offline. */
  present(): ReadonlySet<number> {
    return new Set([...this.#users].filter(([, known]) => known.state !== 'offline').map(([userNid]) => userNid));
  }

  /** A device syncs, until what is returned is disposed of. */
  async syncing(userNid: number, deviceId: string, state: PresenceState): Promise<Disposable> {
    const known = await this.#known(userNid);
    const { clock } = this.#parts;
    this.#deviceSays(userNid, known, deviceId, state);
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
    this.#deviceSays(userNid, known, deviceId, state);
    if (state === 'online') known.user.acts(now);
    const stamp = this.#look(userNid, known) ?? this.#counter.mark.stamp;
    const present: Present = [userNid, known.user.here(now), known.user.lastActive];
    tellPresence(this.#parts.bus, {
      kind: 'says',
      run: this.#counter.run,
      stamp,
      present,
      statusMsg: statusMsg ?? null,
    });
    if (isNew) await this.#save([this.#row(userNid, known)]);
  }

  #deviceSays(userNid: number, { user }: Known<UserPresence>, deviceId: string, state: PresenceState): void {
    const { bus, clock } = this.#parts;
    if (!user.says(deviceId, state, clock.now())) return;
    const { run, mark } = this.#counter;
    tellPresence(bus, { kind: 'device', run, stamp: mark.stamp, userNid, deviceId, state });
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
    const stamp = this.#hearTold(userNid, told);
    const { run } = this.#counter;
    if (stamp !== undefined) tellPresence(this.#parts.bus, { kind: 'told', run, stamp, userNid, told });
  }

  /** Answers the stamp of a change; the one of now where the others only have to believe it for longer. */
  #hearTold(userNid: number, told: Told, stamp?: number): number | undefined {
    const before = this.#users.get(userNid);
    if (before === undefined && told.presence === 'offline') return undefined;
    if (before === undefined && this.#users.size >= MOST_USERS) this.#forgetOne();
    // Those whom we cannot remember are offline to us, like those whom we do not hear of.
    if (before === undefined && this.#users.size >= MOST_USERS) return undefined;
    before?.timer?.cancel();
    const user = new ToldPresence(told, this.#parts.clock.now());
    const known: Known = { shown: '', state: 'offline', here: 'offline', ...before, timer: undefined, user };
    this.#users.set(userNid, known);
    return this.#look(userNid, known, stamp) ?? this.#counter.mark.stamp;
  }

  /** What another process says. */
  #hear(word: PresenceWord): void {
    const { run } = word;
    if (run === this.#counter.run) return;
    if (word.kind === 'ask') this.#answer();
    else if (word.kind === 'told') this.#hearTold(word.userNid, word.told, word.stamp);
    else if (word.kind === 'device') this.#hearDevice(word);
    else if (word.kind === 'here') for (const present of word.present) this.#hearPresent(present, run);
    else if (word.kind === 'bye') this.#hearBye(run);
    else if (word.kind === 'is') this.#hearPresent(word.present, run, word);
    else this.#hearPresent(word.present, run, word);
  }

  #hearPresent(
    [userNid, state, lastActive]: Present,
    run: string,
    said: { readonly stamp?: number; readonly statusMsg?: string | null } = {},
  ): void {
    if (!this.#users.has(userNid) && state === 'offline') return;
    const take = (known: Known<UserPresence>) => {
      known.user.isElsewhere(run, state, lastActive, this.#parts.clock.now());
      if (said.statusMsg !== undefined) known.user.statusMsg = said.statusMsg ?? undefined;
      this.#look(userNid, known, said.stamp);
    };
    const here = this.#users.get(userNid);
    if (here !== undefined && isOurs(here)) take(here);
    else
      this.#known(userNid).then(take, (error: unknown) => {
        this.#parts.log.warn('Who is there at another process is seen later.', { err: error });
      });
  }

  #hearDevice({ userNid, deviceId, state, stamp }: Extract<PresenceWord, { kind: 'device' }>): void {
    const known = this.#users.get(userNid);
    if (known === undefined || !isOurs(known)) return;
    known.user.saysElsewhere(deviceId, state);
    this.#look(userNid, known, stamp);
  }

  #hearBye(run: string): void {
    const now = this.#parts.clock.now();
    for (const [userNid, known] of this.#users) {
      if (!isOurs(known)) continue;
      known.user.isElsewhere(run, 'offline', 0, now);
      this.#look(userNid, known);
    }
  }

  #answer(): void {
    const { clock, bus } = this.#parts;
    if (clock.monotonic() - this.#answeredAt < ANSWER_EVERY_MS) return;
    this.#answeredAt = clock.monotonic();
    tellWhoIsHere(bus, this.#counter.run, this.#here());
  }

  #sayAgain(): void {
    const { clock, bus } = this.#parts;
    tellWhoIsHere(bus, this.#counter.run, this.#here());
    this.#again = clock.after(SAY_AGAIN_MS, () => this.#sayAgain());
  }

  #here(): Present[] {
    return [...this.#users].flatMap(([userNid, known]): Present[] =>
      known.here === 'offline' ? [] : [[userNid, known.here, known.user.lastActive]],
    );
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
      here: 'offline',
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

  /**
   * Tells of a user what changed, and sees to it that they are looked at when it changes by itself. `told`: the stamp of
   * what another process says of them. Answers that of a change.
   */
  #look(userNid: number, known: Known, told?: number): number | undefined {
    const { clock } = this.#parts;
    const now = clock.now();
    const { presence, currentlyActive, changesAt } = known.user.look(now);
    known.timer?.cancel();
    known.timer =
      changesAt === undefined ? undefined : clock.after(changesAt - now + 1, () => this.#look(userNid, known));
    const shown = JSON.stringify([presence, currentlyActive, known.user.statusMsg]);
    const isChange = shown !== known.shown && (known.shown !== '' || presence !== 'offline');
    const stamp = isChange ? this.#changed(userNid, known, { shown, presence, told }) : undefined;
    if (isOurs(known)) this.#tellProcesses(userNid, known, stamp);
    return stamp;
  }

  #changed(
    userNid: number,
    known: Known,
    {
      shown,
      presence,
      told,
    }: { readonly shown: string; readonly presence: PresenceState; readonly told: number | undefined },
  ): number {
    known.shown = shown;
    const hasGone = presence === 'offline' && known.state !== 'offline';
    known.state = presence;
    if (hasGone && isOurs(known) && known.user.takeWasHere()) void this.#save([this.#row(userNid, known)]);
    const { stamp } = this.#changes.add(userNid, told);
    this.#tell(userNid);
    return stamp;
  }

  /** Tells them how the devices are that are connected here, when that has changed. */
  #tellProcesses(userNid: number, known: Known<UserPresence>, stamp = this.#counter.mark.stamp): void {
    const { bus, clock } = this.#parts;
    const here = known.user.here(clock.now());
    if (here === known.here) return;
    known.here = here;
    const present: Present = [userNid, here, known.user.lastActive];
    tellPresence(bus, { kind: 'is', run: this.#counter.run, stamp, present });
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
    this.#subscription[Symbol.dispose]();
    this.#again.cancel();
    tellPresence(this.#parts.bus, { kind: 'bye', run: this.#counter.run });
    const rows = [...this.#users]
      .filter(([, known]) => isOurs(known) && known.state !== 'offline' && known.user.takeWasHere())
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
