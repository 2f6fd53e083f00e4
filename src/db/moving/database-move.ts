import { type Clock, sleep } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type Random, randomLetters } from '../../base/random.ts';
import { type Database, isMovable, type MovableDatabase } from '../database.ts';
import { migrate } from '../migrate.ts';
import type { SwitchableDatabase } from '../switchable.ts';
import { installCapture, removeCapture, setMove, setRole } from './capture.ts';
import { copyAll, emptyTarget, type MoveEnds } from './copy.ts';
import { finishMove, type Progress } from './course.ts';
import type { CutOver } from './cut-over.ts';
import { MoveError } from './move-error.ts';
import { checkAgainst, movedTables } from './moved-tables.ts';
import type { Place, PlaceMark } from './place.ts';
import type { OwnWriters } from './table-writer.ts';
import { assertFree } from './target-check.ts';
import { WayBack, type WayBackStatus } from './way-back.ts';

export interface DatabaseMoveParts {
  readonly db: SwitchableDatabase;
  /** Opens what a `database.url` of the settings means. */
  readonly open: (url: string) => Promise<Database>;
  readonly mark: PlaceMark;
  readonly serverName: string;
  /** How the tables are written that keep more than their rows. */
  readonly writers: (target: MovableDatabase) => OwnWriters;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface MoveStatus {
  readonly database: 'sqlite' | 'postgres';
  /** Whether `back` and `confirm` are possible. */
  readonly isUnconfirmed: boolean;
  /** What goes on. */
  readonly progress?: Progress & { readonly to: 'sqlite' | 'postgres' };
  /** How the last move since the start of the server ended. */
  readonly last?: MoveOutcome;
  readonly wayBack?: WayBackStatus;
}

export interface MoveOutcome {
  readonly to: 'sqlite' | 'postgres';
  readonly error?: string;
  readonly pausedMs?: number;
  readonly seconds?: number;
  readonly rows?: number;
  readonly tables?: number;
}

const MOST_PAUSE_MS = 2500;
const LEAST_REST_MS = 1;

/** Moves the database of a running server from SQLite to PostgreSQL, and back until that is confirmed. */
export class DatabaseMove implements AsyncDisposable {
  readonly #parts: DatabaseMoveParts;
  readonly #stop = new AbortController();
  #progress: MoveStatus['progress'];
  #last: MoveOutcome | undefined;
  #running: Promise<void> | undefined;
  #wayBack: WayBack | undefined;
  /** The database that is not in use. */
  #other: MovableDatabase | undefined;

  constructor(parts: DatabaseMoveParts) {
    this.#parts = parts;
  }

  /** Takes up what an unconfirmed move needs. */
  async resume(): Promise<void> {
    if (this.#unconfirmed === undefined) return;
    this.#other = movable(await this.#parts.open('sqlite'));
    await this.#keepWayBack(this.#other);
  }

  get status(): MoveStatus {
    return {
      database: this.#parts.db.dialect,
      isUnconfirmed: this.#unconfirmed !== undefined,
      ...(this.#progress && { progress: this.#progress }),
      ...(this.#last && { last: this.#last }),
      ...(this.#wayBack && { wayBack: this.#wayBack.status }),
    };
  }

  /** Begins to move to PostgreSQL; `status` says how it goes. @throws MoveError when that cannot be */
  async toPostgres(url: string): Promise<void> {
    this.#assertIdle();
    if (this.#parts.db.dialect === 'postgres') throw new MoveError('The database is PostgreSQL already.');
    const source = movable(this.#parts.db.current);
    const moveId = randomLetters(this.#parts.random, 16);
    this.#progress = { to: 'postgres', phase: 'copying' };
    let target: MovableDatabase;
    try {
      target = await this.#prepare(url, moveId, source);
    } catch (error) {
      this.#progress = undefined;
      throw error instanceof MoveError
        ? error
        : new MoveError(`PostgreSQL cannot be used: ${(error as Error).message}`, error);
    }
    const ends = await this.#ends(source, target, source);
    this.#run(
      'postgres',
      () => this.#fill(ends, { url, moveId }),
      () => this.#abandon(source, target),
    );
  }

  /** Begins to go back to SQLite. @throws MoveError */
  async back(): Promise<void> {
    this.#assertIdle();
    const [place, wayBack] = [this.#unconfirmed, this.#wayBack];
    if (place === undefined || wayBack === undefined)
      throw new MoveError('There is no way back: no move to PostgreSQL waits to be confirmed.');
    this.#progress = { to: 'sqlite', phase: 'catching up' };
    await wayBack[Symbol.asyncDispose]();
    const { ends } = wayBack;
    this.#run(
      'sqlite',
      () => this.#return(ends, place.moveId),
      async () => {
        this.#wayBack = new WayBack(ends, this.#parts);
      },
    );
  }

  /** Gives the way back up: PostgreSQL is the database for good. @throws MoveError */
  async confirm(): Promise<void> {
    this.#assertIdle();
    const place = this.#unconfirmed;
    if (place === undefined) throw new MoveError('Nothing waits to be confirmed.');
    await this.#wayBack?.[Symbol.asyncDispose]();
    this.#wayBack = undefined;
    this.#parts.mark.write({ ...place, isConfirmed: true });
    await this.#parts.db.tx(tx => setMove(tx, undefined));
    await removeCapture(this.#parts.db.current);
    await this.#closeOther();
    this.#parts.log.info('The move to PostgreSQL is confirmed.');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new MoveError('The server stops.'));
    await this.#running;
    await this.#wayBack?.[Symbol.asyncDispose]();
    await this.#closeOther();
  }

  get #unconfirmed(): (Place & { readonly kind: 'postgres' }) | undefined {
    const place = this.#parts.mark.read();
    return place?.kind === 'postgres' && !place.isConfirmed && this.#parts.db.dialect === 'postgres'
      ? place
      : undefined;
  }

  #assertIdle(): void {
    if (this.#progress !== undefined) throw new MoveError('A move is under way already.');
  }

  /** An empty database with today's tables, which nobody else uses. */
  async #prepare(url: string, moveId: string, source: MovableDatabase): Promise<MovableDatabase> {
    const { open, serverName } = this.#parts;
    const target = movable(await open(url));
    try {
      if (target.dialect !== 'postgres') throw new MoveError('This is no PostgreSQL database.');
      await assertFree(target);
      await migrate(target);
      await target.tx(tx => setMove(tx, { move_id: moveId, role: 'filling', server_name: serverName }));
      await removeCapture(target);
      await checkAgainst(target, await movedTables(source));
      return target;
    } catch (error) {
      await target[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #ends(source: MovableDatabase, target: MovableDatabase, sqlite: Database): Promise<MoveEnds> {
    const { clock, writers } = this.#parts;
    let since = clock.monotonic();
    const rest = async () => {
      await sleep(clock, Math.max(LEAST_REST_MS, clock.monotonic() - since), this.#stop.signal);
      since = clock.monotonic();
    };
    return { source, target, tables: await movedTables(sqlite), writers: writers(target), rest };
  }

  /** Does what is long, in the background. */
  #run(to: 'sqlite' | 'postgres', work: () => Promise<MoveOutcome>, undo: () => Promise<void>): void {
    const { log, clock } = this.#parts;
    const began = clock.monotonic();
    this.#running = work()
      .catch(async (error: unknown) => {
        await undo().catch((failure: unknown) => log.warn('A move left something behind.', { err: failure }));
        log.warn('The database was not moved; everything is as it was.', { to, err: error });
        return { to, error: (error as Error).message };
      })
      .then(outcome => {
        this.#last = { ...outcome, seconds: (clock.monotonic() - began) / 1000 };
        this.#progress = undefined;
      });
  }

  async #fill(
    ends: MoveEnds,
    { url, moveId }: { readonly url: string; readonly moveId: string },
  ): Promise<MoveOutcome> {
    const { mark, serverName, log } = this.#parts;
    const { source, target } = ends;
    const report = (progress: Progress) => {
      this.#progress = { to: 'postgres', ...progress };
    };
    await installCapture(source, ends.tables);
    await source.tx(tx => setMove(tx, { move_id: moveId, role: 'source', server_name: serverName }));
    await emptyTarget(ends);
    await copyAll(ends, at => report({ phase: 'copying', ...at }), this.#stop.signal);
    await installCapture(target, ends.tables);
    const commit = () => mark.write({ kind: 'postgres', url, moveId, isConfirmed: false });
    const done = await this.#finish({ ends, commit, admit: tx => setRole(tx, 'source') }, report);
    await source.tx(tx => setRole(tx, 'left'));
    this.#other = source;
    await this.#keepWayBack(source);
    log.info('The database is PostgreSQL now.', { ...done });
    return { to: 'postgres', ...done };
  }

  #finish(cut: Pick<CutOver, 'ends' | 'commit' | 'admit'>, report: (progress: Progress) => void) {
    const { db, clock } = this.#parts;
    return finishMove({ ...cut, db, clock, mostPauseMs: MOST_PAUSE_MS }, report, this.#stop.signal);
  }

  async #return(ends: MoveEnds, moveId: string): Promise<MoveOutcome> {
    const { mark, log } = this.#parts;
    const { source, target } = ends;
    const report = (progress: Progress) => {
      this.#progress = { to: 'sqlite', ...progress };
    };
    const commit = () => mark.write({ kind: 'sqlite', moveId });
    const done = await this.#finish({ ends, commit, admit: tx => setMove(tx, undefined) }, report);
    await removeCapture(target);
    mark.write(undefined);
    await source.tx(tx => setRole(tx, 'left'));
    this.#wayBack = undefined;
    this.#other = source;
    await this.#closeOther();
    log.info('The database is SQLite again.', { ...done });
    return { to: 'sqlite', ...done };
  }

  async #keepWayBack(sqlite: MovableDatabase): Promise<void> {
    const ends = await this.#ends(movable(this.#parts.db.current), sqlite, sqlite);
    this.#wayBack = new WayBack(ends, this.#parts);
  }

  /** What is in PostgreSQL stays there, and is overwritten by the next try. */
  async #abandon(source: MovableDatabase, target: MovableDatabase): Promise<void> {
    if (this.#parts.db.current === target) return;
    await source.tx(tx => setMove(tx, undefined));
    await removeCapture(source);
    await target[Symbol.asyncDispose]();
  }

  async #closeOther(): Promise<void> {
    await this.#other?.[Symbol.asyncDispose]();
    this.#other = undefined;
  }
}

function movable(db: Database): MovableDatabase {
  if (!isMovable(db)) throw new MoveError('This database cannot be moved.');
  return db;
}
