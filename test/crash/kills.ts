import { rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Step } from '../support/faulty-database.ts';
import { below, type Seeded, seeded } from '../support/state-tree.ts';
import { Api, UnansweredError } from './api.ts';
import { Inspector } from './inspect.ts';
import { KillableServer } from './killable-server.ts';
import { Ledger } from './ledger.ts';
import { type Cast, KINDS, type Operation, send, sendToDevice, setTopic, setUp, upload } from './operations.ts';
import { InboxReader, RoomReader } from './reader.ts';
import { checkAfterRestart, checkEverything, type Witnesses } from './verify.ts';

/** Where a process is killed: before a step of an operation's transactions, or after so long under load. */
export type KillPoint = { readonly kind: string; readonly step: number | Step } | { readonly afterMs: number };

export interface KillNumbers {
  readonly kills: number;
  /** Kills that came before the answer to a request. */
  readonly unanswered: number;
  readonly acknowledged: number;
  readonly eventsChecked: number;
}

const FULL_CHECK_EVERY = 25;
const LONGEST_LOAD_MS = 300;

/** One server after the other on the same data folder, each killed at one point. */
export class KillRun implements AsyncDisposable {
  readonly #folder: string;
  readonly #server: KillableServer;
  readonly #random: Seeded;
  #witnesses: Witnesses | undefined;
  #api: Api | undefined;
  #kills = 0;
  #unanswered = 0;

  readonly #databaseUrl: string | undefined;

  /** `databaseUrl`: on which database; SQLite unless given. */
  constructor(folder: string, seed: number, databaseUrl?: string) {
    this.#folder = folder;
    this.#databaseUrl = databaseUrl;
    this.#server = new KillableServer(folder, databaseUrl);
    this.#random = seeded(seed);
  }

  async start(): Promise<void> {
    await this.#restart();
    const ledger = new Ledger();
    const cast = await setUp(this.#now, ledger);
    const rooms = new RoomReader(cast.alice, ledger);
    this.#witnesses = {
      cast,
      rooms,
      inbox: new InboxReader(cast.bob, ledger),
      inspector: new Inspector(this.#databaseUrl),
    };
    await rooms.syncAll(this.#now);
  }

  /** How many steps the transactions of each operation take. */
  async countSteps(): Promise<Map<string, number>> {
    const steps = new Map<string, number>();
    for (const { name, make } of KINDS) {
      const operation = await make(this.#cast, this.#now);
      await this.#server.arm(0);
      await operation.run(this.#now);
      steps.set(name, await this.#server.steps());
    }
    return steps;
  }

  /** @throws LedgerError, AssertionError when something was lost, doubled or put in another order */
  async kill(point: KillPoint): Promise<void> {
    const unanswered = 'step' in point ? await this.#killAtStep(point) : await this.#killUnderLoad(point.afterMs);
    await this.#server.kill9();
    this.#kills++;
    if (unanswered.length > 0) this.#unanswered++;
    await this.#restart();
    await checkAfterRestart(this.#now, this.#server.dataDir, this.#all, unanswered);
    if (this.#kills % FULL_CHECK_EVERY === 0) await this.checkEverything();
  }

  checkEverything(): Promise<void> {
    return checkEverything(this.#now, this.#server.dataDir, this.#all);
  }

  get numbers(): KillNumbers {
    const { cast, inspector } = this.#all;
    const { acknowledged } = cast.ledger;
    return { kills: this.#kills, unanswered: this.#unanswered, acknowledged, eventsChecked: inspector.eventsChecked };
  }

  get log(): string {
    return this.#server.log;
  }

  async #killAtStep({ kind, step }: { readonly kind: string; readonly step: number | Step }): Promise<Operation[]> {
    const operation = await KINDS.find(each => each.name === kind)!.make(this.#cast, this.#now);
    await this.#server.arm(step);
    // When it is answered before that step, it is the server that has just answered that is killed.
    return (await isAnswered(operation, this.#now)) ? [] : [operation];
  }

  async #killUnderLoad(afterMs: number): Promise<Operation[]> {
    const stop = new AbortController();
    const senders = [
      this.#load(stop.signal, () => send(this.#cast, this.#cast.others[0]!)),
      this.#load(stop.signal, () => send(this.#cast, this.#cast.others[1]!)),
      this.#load(stop.signal, () => send(this.#cast, this.#cast.others[2]!)),
      this.#load(stop.signal, () => this.#anything()),
    ];
    const reading = this.#follow(stop.signal);
    await wait(afterMs);
    const killed = this.#server.kill9();
    stop.abort();
    await killed;
    await reading;
    return (await Promise.all(senders)).filter(operation => operation !== undefined);
  }

  #anything(): Operation {
    const kinds = [setTopic, sendToDevice, upload, (cast: Cast) => send(cast, cast.alice)];
    return kinds[below(this.#random, kinds.length)]!(this.#cast);
  }

  /** Sends one after the other until there is no answer; answers what has none. */
  async #load(signal: AbortSignal, make: () => Operation): Promise<Operation | undefined> {
    while (!signal.aborted) {
      const operation = make();
      if (!(await isAnswered(operation, this.#now))) return operation;
    }
    return undefined;
  }

  /** What a client has been shown must not be taken back by a crash. */
  async #follow(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) await this.#all.rooms.sync(this.#now, 1000);
    } catch (error) {
      if (!(error instanceof UnansweredError)) throw error;
    }
  }

  async #restart(): Promise<void> {
    await this.#server.start();
    this.#api = new Api(this.#server.url);
  }

  get #now(): Api {
    return this.#api!;
  }

  get #all(): Witnesses {
    return this.#witnesses!;
  }

  get #cast(): Cast {
    return this.#all.cast;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function isAnswered(operation: Operation, api: Api): Promise<boolean> {
  try {
    await operation.run(api);
    return true;
  } catch (error) {
    if (error instanceof UnansweredError) return false;
    throw error;
  }
}

/** As many points as wanted: every step of every operation as far as they go round, the rest at random times. */
export function choosePoints(steps: ReadonlyMap<string, number>, wanted: number, seed: number): KillPoint[] {
  const random = seeded(seed);
  const enumerated = enumerate(steps, Math.ceil((wanted * 2) / 3));
  const timed = Array.from({ length: wanted - enumerated.length }, () => ({ afterMs: below(random, LONGEST_LOAD_MS) }));
  return [...enumerated, ...timed];
}

/** For each operation the moments before and after its first commit, and as many of its steps as there is room for. */
function enumerate(steps: ReadonlyMap<string, number>, most: number): { kind: string; step: number | Step }[] {
  const share = fairShare([...steps.values()], most - 2 * steps.size);
  return [...steps].flatMap(([kind, count]) => {
    const taken = Math.min(count, share);
    const numbered = Array.from({ length: taken }, (_, at) => ({ kind, step: 1 + Math.floor((at * count) / taken) }));
    return [{ kind, step: 'commit' as const }, { kind, step: 'committed' as const }, ...numbered];
  });
}

/** The largest number of steps for each that keeps the sum at `most`. */
function fairShare(counts: readonly number[], most: number): number {
  let share = 0;
  while (counts.reduce((sum, count) => sum + Math.min(count, share + 1), 0) <= most && share < Math.max(...counts))
    share++;
  return share;
}
