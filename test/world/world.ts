import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../src/base/log.ts';
import { Chronicle } from './chronicle.ts';
import type { Plant } from './mortal-database.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedTime } from './simulated-clock.ts';
import { SimulatedNetwork } from './simulated-network.ts';
import { storyLog } from './story-log.ts';
import { WorldServer } from './world-server.ts';
import { WorldUser } from './world-user.ts';

/** So many turns of the event loop without anything happening: everybody waits for time to go on. */
const QUIET_TURNS = 6;

/** Before the real time is up, a standstill may be the work of a thread. */
const LONGEST_REAL_MS = 20_000;

export interface WorldOptions {
  /** A bug for the world to find. */
  readonly plant?: Plant | undefined;
  /** Whether what the servers say is written to the standard error. */
  readonly isTold?: boolean;
  /** Takes all that happens, line by line. */
  readonly chronicle?: string[];
}

/** Several whole servers in one process, with one seed for all that chance decides. */
export class World implements AsyncDisposable {
  readonly random: SeededRandom;
  readonly time = new SimulatedTime();
  readonly chronicle: Chronicle;
  /** Goes up with each text and value that is made, so that none is made twice. */
  count = 0;
  readonly network: SimulatedNetwork;
  readonly servers: readonly WorldServer[];
  /** One on each server, in its order: they are in the room from the beginning to the end. */
  readonly users: WorldUser[] = [];
  /** The same, but they come and go. */
  readonly guests: WorldUser[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'copse-world-'));

  constructor(seed: number, names: readonly string[], template: string, options: WorldOptions = {}) {
    const { plant, isTold = false } = options;
    this.chronicle = new Chronicle(options.chronicle);
    this.random = new SeededRandom(seed);
    this.network = new SimulatedNetwork(this.time, new SeededRandom(seed ^ 0x5eed), this.chronicle);
    const log = (name: string) => (isTold ? storyLog(this.time, name) : silentLog);
    const { time, network, chronicle } = this;
    const parts = { time, network, chronicle, folder: this.#folder, seed, log, plant, template };
    this.servers = names.map(name => new WorldServer(name, parts));
  }

  /** Starts all servers, with a user and a guest on each. */
  async start(): Promise<void> {
    for (const server of this.servers) {
      await server.start();
      this.users.push(await this.during(WorldUser.register(server, 'user')));
      this.guests.push(await this.during(WorldUser.register(server, 'guest')));
    }
  }

  /** Lets time go on until `work` is done, for so many milliseconds of the world at most. */
  async during<T>(work: Promise<T>, longestMs = 600_000): Promise<T> {
    let isDone = false;
    const end = () => {
      isDone = true;
      this.time.activity++;
    };
    work.then(end, end);
    const until = this.time.now + longestMs;
    const realDeadline = performance.now() + LONGEST_REAL_MS;
    while (!isDone) {
      await this.#settle(() => isDone);
      if (isDone) break;
      const { next } = this.time;
      if (next !== undefined && next <= until) this.time.fire();
      // What is done on threads takes real time, whatever time it is in the world.
      else if (performance.now() < realDeadline) await new Promise(resolve => setTimeout(resolve, 2));
      else throw new Error(`nothing came of it within ${longestMs} ms of the world's time`);
    }
    return work;
  }

  /** Lets so much time go by. */
  async pass(ms: number): Promise<void> {
    const until = this.time.now + ms;
    for (;;) {
      await this.#settle(() => false);
      const { next } = this.time;
      if (next === undefined || next > until) break;
      this.time.fire();
    }
    this.time.skipTo(until);
  }

  async #settle(isEnough: () => boolean): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS && !isEnough(); ) {
      const before = this.time.activity;
      await new Promise(resolve => setImmediate(resolve));
      quiet = this.time.activity === before ? quiet + 1 : 0;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
