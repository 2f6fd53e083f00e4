import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { KillablePostgres } from '../support/postgres.ts';
import { assertTook } from '../support/slowness.ts';
import { below, seeded } from '../support/state-tree.ts';
import { Api, type Loose, RefusedError, type Request } from './api.ts';
import { Inspector } from './inspect.ts';
import { KillableServer } from './killable-server.ts';
import { Ledger, LedgerError } from './ledger.ts';
import { type Cast, KINDS, type Operation, send, setUp } from './operations.ts';
import { InboxReader, RoomReader } from './reader.ts';
import { checkEverything, type Witnesses } from './verify.ts';

export interface GoneNumbers {
  readonly kills: number;
  readonly acknowledged: number;
  /** Requests that were told to try again later. */
  readonly refused: number;
  /** The longest time from the return of PostgreSQL until a write was taken again, in milliseconds. */
  readonly slowestMs: number;
}

const LONGEST_RETURN_MS = 15_000;
const LONGEST_LOAD_MS = 800;
const LONGEST_ABSENCE_MS = 1500;

/** PostgreSQL is killed under a server and comes back; the server goes on by itself. @throws LedgerError, AssertionError */
export async function postgresGone(folder: string, postgres: KillablePostgres, kills: number, seed: number) {
  await postgres.start();
  await using server = new KillableServer(join(folder, 'gone'), postgres.url);
  await server.start();
  const api = new Api(server.url);
  const ledger = new Ledger();
  const cast = await setUp(api, ledger);
  const witnesses: Witnesses = {
    cast,
    rooms: new RoomReader(cast.alice, ledger),
    inbox: new InboxReader(cast.bob, ledger),
    inspector: new Inspector(postgres.url),
  };
  const run = new Run(server.url, api, witnesses);
  const random = seeded(seed);
  for (let kill = 0; kill < kills; kill++) {
    const load = run.load();
    await wait(below(random, LONGEST_LOAD_MS));
    await postgres.kill9();
    await wait(below(random, LONGEST_ABSENCE_MS));
    await postgres.start();
    await run.returned();
    await load.end();
    await run.check();
  }
  await checkEverything(api, server.dataDir, witnesses);
  rmSync(join(folder, 'gone'), { recursive: true, force: true });
  return { kills, acknowledged: ledger.acknowledged, refused: run.refused, slowestMs: run.slowestMs };
}

/** Asks until it is answered. */
class PatientApi extends Api {
  readonly #until: (ask: () => Promise<Loose>) => Promise<Loose>;

  constructor(url: string, until: (ask: () => Promise<Loose>) => Promise<Loose>) {
    super(url);
    this.#until = until;
  }

  override ok(method: string, path: string, request: Request = {}): Promise<Loose> {
    return this.#until(() => super.ok(method, path, request));
  }
}

class Run {
  readonly #api: Api;
  readonly #patient: Api;
  readonly #witnesses: Witnesses;
  refused = 0;
  slowestMs = 0;

  constructor(url: string, api: Api, witnesses: Witnesses) {
    this.#api = api;
    // What an operation needs beforehand is asked for in the same words too.
    this.#patient = new PatientApi(url, ask => this.#until(ask));
    this.#witnesses = witnesses;
  }

  get #cast(): Cast {
    return this.#witnesses.cast;
  }

  /** Three who send and one who does everything else, each until it is answered, and one who waits for what comes. */
  load(): { end(): Promise<void> } {
    const stop = new AbortController();
    const sending = this.#cast.others.map(user => this.#keep(stop.signal, async () => send(this.#cast, user)));
    const anything = this.#keep(stop.signal, async at => {
      const kind = KINDS[at % KINDS.length] as (typeof KINDS)[number];
      return kind.make(this.#cast, this.#patient);
    });
    const reading = this.#follow(stop.signal);
    return {
      async end() {
        stop.abort();
        await Promise.all([...sending, anything, reading]);
      },
    };
  }

  async #keep(signal: AbortSignal, make: (at: number) => Promise<Operation>): Promise<void> {
    for (let at = 0; !signal.aborted; at++) {
      const operation = await make(at);
      await this.#until(() => operation.run(this.#api));
    }
  }

  /** Asks in the same words until it is answered. Every refusal has to say that it is worth it. */
  async #until<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        assert.equal(error.status, 503, error.message);
        this.refused++;
        await wait(100);
      }
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#until(() => this.#witnesses.rooms.sync(this.#api, 1000));
  }

  /** Resolves when a write is taken again. */
  async returned(): Promise<void> {
    const began = performance.now();
    const operation = send(this.#cast, this.#cast.alice);
    await this.#until(() => operation.run(this.#api));
    const took = performance.now() - began;
    this.slowestMs = Math.max(this.slowestMs, took);
    assertTook(took, LONGEST_RETURN_MS, 'the server comes back');
  }

  async check(): Promise<void> {
    const { rooms, inbox } = this.#witnesses;
    await rooms.syncAll(this.#api);
    await inbox.syncAll(this.#api);
    this.#cast.ledger.checkNothingLost();
    for (const { key, seen, acknowledged } of this.#cast.ledger.attempts.values())
      if (!acknowledged || seen === undefined) throw new LedgerError(`${key} has not been done`);
  }
}
