import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../../src/db/database.ts';
import { openPostgres } from '../support/databases.ts';
import { TestNats } from '../support/nats.ts';
import { RunningServer } from '../support/running-server.ts';
import { connectionsOf } from './connections.table.ts';
import { CutCable } from './cut-cable.ts';

export interface ClusterOptions {
  /** Of each process; it does everything unless given. */
  readonly roles?: readonly (readonly string[])[];
  /** Further settings of all of them. */
  readonly config?: Readonly<Record<string, unknown>>;
}

interface Started {
  readonly db: Database;
  readonly processes: readonly RunningServer[];
  readonly nats: TestNats;
  readonly cable: CutCable;
  readonly add: (process: string, roles: readonly string[]) => Promise<RunningServer>;
}

/** To the database, of all processes together. */
export const CONNECTIONS = 16;

/** Several processes of Copse that are one server, over PostgreSQL and NATS, on loopback. */
export class TestCluster implements AsyncDisposable {
  readonly processes: readonly RunningServer[];
  readonly nats: TestNats;
  readonly db: Database;
  /** Between the first process and the database. */
  readonly cable: CutCable;
  readonly #add: (process: string, roles: readonly string[]) => Promise<RunningServer>;
  readonly #opened: AsyncDisposableStack;

  private constructor({ processes, nats, db, cable, add }: Started, opened: AsyncDisposableStack) {
    this.processes = processes;
    this.nats = nats;
    this.db = db;
    this.cable = cable;
    this.#add = add;
    this.#opened = opened;
  }

  /** The most connections that the processes had together, looked at until `signal` aborts. */
  async mostConnections(signal: AbortSignal): Promise<number> {
    let most = 0;
    while (!signal.aborted) {
      most = Math.max(most, await connectionsOf(this.db));
      await wait(100);
    }
    return most;
  }

  /** One process more, until it is stopped. */
  add(name: string): Promise<RunningServer> {
    return this.#add(name, []);
  }

  static async start(count: number, { roles = [], config: more = {} }: ClusterOptions = {}): Promise<TestCluster> {
    await using opened = new AsyncDisposableStack();
    const postgres = opened.use(await openPostgres(process.env.COPSE_TEST_POSTGRES ?? ''));
    const nats = opened.use(await TestNats.start());
    const folder = mkdtempSync(join(tmpdir(), 'copse-cluster-'));
    opened.defer(() => rmSync(folder, { recursive: true, force: true }));
    const cable = opened.use(await CutCable.to(postgres.url));
    const servers = opened.use(new AsyncDisposableStack());
    const processes: RunningServer[] = [];
    const add = async (process: string, own: readonly string[]) => {
      const config = {
        ...more,
        database: {
          url: process === 'process-0' ? cable.through(postgres.url) : postgres.url,
          connections: CONNECTIONS,
        },
        cluster: { bus: nats.url, process, roles: own },
        listen: { client: { port: 0 } },
      };
      const server = servers.use(new RunningServer({ config, dataDir: join(folder, 'data') }));
      await server.restart();
      return server;
    };
    for (let at = 0; at < count; at++) processes.push(await add(`process-${at}`, roles[at] ?? []));
    return new TestCluster({ db: postgres.db, processes, nats, cable, add }, opened.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whoever is asked to end waits for those in front of it, one after the other here.
    await Promise.all(this.processes.map(process => process.kill9()));
    await this.#opened.disposeAsync();
  }
}
