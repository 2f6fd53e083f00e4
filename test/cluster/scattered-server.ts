import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RunningServer } from '../support/running-server.ts';
import { TestCluster } from './test-cluster.ts';

/**
 * A server of several processes as clients see it through the worst of all proxies: each request goes to another process
 * than the one before. Whatever one process knows and the others do not, a client meets it here.
 */
export class ScatteredServer implements AsyncDisposable {
  readonly #cluster: TestCluster;
  readonly #proxy: Server;
  #requests = 0;

  private constructor(cluster: TestCluster) {
    this.#cluster = cluster;
    // A connection that is closed just when a client takes it up again would be no fault of the server's.
    this.#proxy = createServer({ keepAliveTimeout: 0 }, (asked, answer) => this.#pass(asked, answer));
  }

  static async start(processes: number, config: Readonly<Record<string, unknown>> = {}): Promise<ScatteredServer> {
    const server = new ScatteredServer(await TestCluster.start(processes, { config }));
    await new Promise<void>(resolve => server.#proxy.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#proxy.address() as AddressInfo).port}`;
  }

  /** All of its processes. */
  async kill9(): Promise<void> {
    await Promise.all(this.#processes.map(each => each.kill9()));
  }

  async restart(): Promise<void> {
    await Promise.all(this.#processes.map(each => each.restart()));
  }

  async stop(): Promise<void> {
    this.#proxy.closeAllConnections();
    await new Promise(resolve => this.#proxy.close(resolve));
    await this.#cluster[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #processes(): readonly RunningServer[] {
    return this.#cluster.processes;
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    const process = this.#processes[this.#requests++ % this.#processes.length];
    const { method, headers, url: path } = asked;
    const passed = request(`${process?.url}`, { method, headers, path, agent: false }, told => {
      answer.writeHead(told.statusCode ?? 502, told.headers);
      told.pipe(answer);
    });
    passed.on('error', () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()));
    answer.on('close', () => passed.destroy());
    asked.pipe(passed);
  }
}
