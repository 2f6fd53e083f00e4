import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPostgres } from '../support/databases.ts';
import { TestNats } from '../support/nats.ts';
import { RunningServer } from '../support/running-server.ts';

/** Several processes of Copse that are one server, over PostgreSQL and NATS, on loopback. */
export class TestCluster implements AsyncDisposable {
  readonly processes: readonly RunningServer[];
  readonly nats: TestNats;
  readonly #opened: AsyncDisposableStack;

  private constructor(processes: readonly RunningServer[], nats: TestNats, opened: AsyncDisposableStack) {
    this.processes = processes;
    this.nats = nats;
    this.#opened = opened;
  }

  /** `roles`: of each process; it does everything unless given. */
  static async start(count: number, roles: readonly (readonly string[])[] = []): Promise<TestCluster> {
    await using opened = new AsyncDisposableStack();
    const postgres = opened.use(await openPostgres(process.env.COPSE_TEST_POSTGRES ?? ''));
    const nats = opened.use(await TestNats.start());
    const folder = mkdtempSync(join(tmpdir(), 'copse-cluster-'));
    opened.defer(() => rmSync(folder, { recursive: true, force: true }));
    const processes: RunningServer[] = [];
    for (let at = 0; at < count; at++) {
      const config = {
        database: { url: postgres.url, connections: 4 },
        cluster: { bus: nats.url, process: `process-${at}`, roles: roles[at] ?? [] },
        listen: { client: { port: 0 } },
      };
      const server = opened.use(new RunningServer({ config, dataDir: join(folder, 'data') }));
      await server.restart();
      processes.push(server);
    }
    return new TestCluster(processes, nats, opened.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}
