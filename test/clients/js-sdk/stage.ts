import { ScatteredServer } from '../../cluster/scattered-server.ts';
import { LabServer } from '../../lab/lab-server.ts';
import { ownPlan } from '../../lab/test-lab.ts';
import { type RunningServer, SERVER_NAME, type ServerOptions, startServer } from '../../support/running-server.ts';
import { ClientProcess } from './client-process.ts';
import type { StartOptions } from './session-commands.ts';

export const PASSWORD = 'a heron at dusk';

export const userId = (localpart: string) => `@${localpart}:${SERVER_NAME}`;

const isInLab = process.env.COPSE_TEST_CLIENTS === 'lab';

/** An address of this machine at which the server finds what the tests open beside it. */
export const OWN_ADDRESS = isInLab ? `${ownPlan().network}.1` : '127.0.0.1';

type StageServer = Pick<RunningServer, 'url' | 'kill9' | 'restart' | 'stop'>;

/** A running Copse, or several processes that are one (COPSE_TEST_PROCESSES, COPSE_TEST_CLIENTS), and the clients that use it. Disposing of it ends them all. */
export class Stage implements AsyncDisposable {
  readonly server: StageServer;
  readonly #clients: ClientProcess[] = [];

  private constructor(server: StageServer) {
    this.server = server;
  }

  static async open(options: ServerOptions = {}): Promise<Stage> {
    if (isInLab) return new Stage(await LabServer.start(options.config));
    const processes = Number(process.env.COPSE_TEST_PROCESSES ?? '1');
    if (processes === 1) return new Stage(await startServer(options));
    return new Stage(await ScatteredServer.start(processes, options.config));
  }

  /** A client without a session. */
  client(): ClientProcess {
    const client = new ClientProcess(this.server.url);
    this.#clients.push(client);
    return client;
  }

  /** A client of a new user, syncing. */
  async newUser(localpart: string, options: StartOptions = {}): Promise<ClientProcess> {
    const client = this.client();
    await client.do('register', localpart, PASSWORD);
    await client.do('start', options);
    return client;
  }

  /** A further client of a user, syncing. */
  async newDevice(localpart: string, options: StartOptions = {}): Promise<ClientProcess> {
    const client = this.client();
    await client.do('logIn', localpart, PASSWORD);
    await client.do('start', options);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
    await this.server.stop();
  }
}
