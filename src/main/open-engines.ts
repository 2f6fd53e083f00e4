import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { natsServers, serverText } from '../bus/nats-servers.ts';
import type { Config } from '../config/schema.ts';

type Engines = {
  readonly database: Pick<Config['database'], 'url'>;
  readonly cluster: Pick<Config['cluster'], 'bus'>;
};

const LONGEST_WAIT_MS = 5000;
const THIS_MACHINE = /^(?:|localhost|127\.\d+\.\d+\.\d+|::1|\/.*)$/;

/** Looks once, when a process starts, and tells the log and `copse status`. Nobody waits for it. */
export class ExposedEngines implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #looking: Promise<void>;
  #found: readonly string[] = [];

  constructor(config: Engines, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#looking = this.#look(config, clock, log);
  }

  get found(): readonly string[] {
    return this.#found;
  }

  async #look(config: Engines, clock: Clock, log: Log): Promise<void> {
    try {
      this.#found = await openEngines(config, clock, this.#stop.signal);
      for (const words of this.#found) log.warn(words);
    } catch (error) {
      log.debug('It is not known whether database and bus ask who comes.', { err: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#looking;
  }
}

/**
 * What lets in whoever reaches it over the network, of what the boards of a cluster share: one line each, with the remedy.
 * What only this machine reaches is not looked at.
 */
export async function openEngines(config: Engines, clock: Clock, signal: AbortSignal): Promise<readonly string[]> {
  const found = await Promise.all([
    openDatabaseServer(config.database.url),
    openBuses(config.cluster.bus, clock, signal),
  ]);
  return found.flat();
}

async function openDatabaseServer(url: string): Promise<readonly string[]> {
  if (url === 'sqlite') return [];
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  if (THIS_MACHINE.test(host)) return [];
  const { letsInWithoutPassword } = await import('../db/postgres-trust.ts');
  if (!(await letsInWithoutPassword(url))) return [];
  const server = serverText({ host, port: Number(port || 5432) });
  return [
    `PostgreSQL at ${server} lets in whoever reaches it. Give its user a password, have pg_hba.conf ask for it (scram-sha-256), and put it into database.url.`,
  ];
}

async function openBuses(url: string | undefined, clock: Clock, signal: AbortSignal): Promise<readonly string[]> {
  const servers = natsServers(url ?? '')?.servers.filter(({ host }) => !THIS_MACHINE.test(host)) ?? [];
  if (servers.length === 0) return [];
  const { waitForGreeting } = await import('../bus/greeting.ts');
  const open = await Promise.all(
    servers.map(async server => {
      try {
        const { asksWho } = await waitForGreeting(server, { clock, waitMs: LONGEST_WAIT_MS, signal });
        return asksWho ? [] : [serverText(server)];
      } catch {
        // The bus itself says that it cannot be reached.
        return [];
      }
    }),
  );
  return open
    .flat()
    .map(
      server =>
        `NATS at ${server} lets in whoever reaches it. Have its settings ask for a user (authorization), and put that into cluster.bus: nats://USER:PASSWORD@${server}`,
    );
}
