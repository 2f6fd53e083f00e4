import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { MoveStatus } from '../../src/db/moving/database-move.ts';
import { askServer } from '../../src/main/control.ts';
import { Api, UnansweredError } from './api.ts';
import { Inspector } from './inspect.ts';
import { KillableServer } from './killable-server.ts';
import { Ledger } from './ledger.ts';
import { type Cast, type Operation, send, setUp } from './operations.ts';
import { InboxReader, RoomReader } from './reader.ts';
import { checkAfterRestart, checkEverything, type Witnesses } from './verify.ts';

type Place = MoveStatus['database'];

/** Where a move is killed, and whether somebody talks meanwhile, who takes steps of an unknown number too. */
export interface MovePoint {
  readonly to: Place;
  readonly step: number;
  readonly isBusy: boolean;
}

export interface MoveKills {
  readonly kills: number;
  /** After how many of them the server was on the database that it was moving to. */
  readonly arrived: number;
  readonly acknowledged: number;
}

const PATH = '/_synapse/admin/copse/v1/database/move';
/** The last steps of a move are where it is decided: as many of them are tried as of all the others. */
const LAST_STEPS = 40;
/** Some more are tried, since what goes on in the background takes steps too. */
const BEHIND = 20;
const MESSAGES_FIRST = 60;

/** A server that is killed while it moves its database, to PostgreSQL and back, with a user who talks meanwhile. */
export class MoveRun implements AsyncDisposable {
  readonly #folder: string;
  readonly #postgresUrl: string;
  readonly #server: KillableServer;
  #witnesses: Witnesses | undefined;
  #api = new Api('http://127.0.0.1');
  #kills = 0;
  #arrived = 0;

  constructor(folder: string, postgresUrl: string) {
    this.#folder = folder;
    this.#postgresUrl = postgresUrl;
    this.#server = new KillableServer(folder);
  }

  async start(): Promise<void> {
    await this.#restart();
    const ledger = new Ledger();
    const cast = await setUp(this.#api, ledger);
    const rooms = new RoomReader(cast.alice, ledger);
    this.#witnesses = { cast, rooms, inbox: new InboxReader(cast.bob, ledger), inspector: new Inspector() };
    for (let at = 0; at < MESSAGES_FIRST; at++) await send(cast, cast.alice).run(this.#api);
    await rooms.syncAll(this.#api);
  }

  /** How many steps the transactions of a move there, and back, take while nothing else happens. */
  async countSteps(): Promise<Readonly<Record<Place, number>>> {
    const count = async (to: Place) => {
      await this.#server.arm(0);
      await this.#go(to);
      return this.#server.steps();
    };
    return { postgres: await count('postgres'), sqlite: await count('sqlite') };
  }

  /** @throws LedgerError, AssertionError when something was lost, doubled, put in another order, or is on both sides */
  async kill({ to, step, isBusy }: MovePoint): Promise<void> {
    const from = to === 'postgres' ? 'sqlite' : 'postgres';
    if ((await this.#status()).database !== from) await this.#go(from);
    const stop = new AbortController();
    const talking = isBusy ? this.#talk(stop.signal) : undefined;
    await this.#server.arm(step);
    // Where it arrives before that step, it is the server that has just arrived that is killed.
    await this.#go(to).catch(unlessKilled);
    stop.abort();
    await this.#server.kill9();
    const unanswered = await talking;
    this.#kills++;
    await this.#restart();
    const { database, progress } = await this.#status();
    assert.equal(progress, undefined);
    if (database === to) this.#arrived++;
    await checkAfterRestart(this.#api, this.#server.dataDir, this.#all, unanswered === undefined ? [] : [unanswered]);
  }

  checkEverything(): Promise<void> {
    return checkEverything(this.#api, this.#server.dataDir, this.#all);
  }

  get numbers(): MoveKills {
    return { kills: this.#kills, arrived: this.#arrived, acknowledged: this.#all.cast.ledger.acknowledged };
  }

  get log(): string {
    return this.#server.log;
  }

  get #all(): Witnesses {
    return this.#witnesses ?? assert.fail('the run has not begun');
  }

  /** Moves, and waits for the end. @throws an error of the connection when the server is killed meanwhile */
  async #go(to: Place): Promise<void> {
    const [path, body] = to === 'postgres' ? [PATH, { url: this.#postgresUrl }] : [`${PATH}/back`, undefined];
    await this.#ask('POST', path, body);
    let status = await this.#status();
    for (; status.progress !== undefined; status = await this.#status()) await wait(20);
    assert.equal(status.database, to, status.last?.error);
  }

  #status(): Promise<MoveStatus> {
    return this.#ask('GET', PATH);
  }

  async #ask(method: string, path: string, body?: unknown): Promise<MoveStatus> {
    const headers = { authorization: 'Bearer operator', 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await askServer(this.#server.dataDir, { method, path, headers, ...sent });
    if (answer === undefined) throw new UnansweredError(undefined);
    assert.equal(answer.status, 200, answer.text);
    return JSON.parse(answer.text) as MoveStatus;
  }

  /** Sends one message after the other; answers the one that has no answer. */
  async #talk(signal: AbortSignal): Promise<Operation | undefined> {
    const { cast }: { readonly cast: Cast } = this.#all;
    const [user] = cast.others;
    while (!signal.aborted && user !== undefined) {
      const operation = send(cast, user);
      try {
        await operation.run(this.#api);
      } catch (error) {
        if (error instanceof UnansweredError) return operation;
        throw error;
      }
      await wait(40);
    }
    return undefined;
  }

  async #restart(): Promise<void> {
    await this.#server.start();
    this.#api = new Api(this.#server.url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What a command hears of a server that is killed is that nobody answers. */
function unlessKilled(error: unknown): void {
  if (error instanceof UnansweredError || (error as NodeJS.ErrnoException).code === 'ECONNRESET') return;
  if ((error as Error).message === 'socket hang up' || (error as Error).message === 'aborted') return;
  throw error;
}

/** Points of two ways there and one back in turn: half of them on the way, half where the server changes sides. */
export function movePoints(steps: Readonly<Record<Place, number>>, wanted: number): MovePoint[] {
  return Array.from({ length: wanted }, (_, at) => {
    const to = at % 3 === 2 ? 'sqlite' : 'postgres';
    const count = steps[to];
    const part = Math.floor(at / 2) / Math.max(1, wanted / 2);
    if (at % 2 === 0) return { to, step: 1 + Math.floor(part * count), isBusy: true };
    const step = Math.max(1, count - LAST_STEPS + Math.floor(part * (LAST_STEPS + BEHIND)));
    return { to, step, isBusy: false };
  });
}
