import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json.ts';
import { TestAuthority } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { NoPython } from '../support/python-environment.ts';
import { RunningServer } from '../support/running-server.ts';
import { ApiUser, apiOf, eventually } from './api-user.ts';
import { Synapse, USER_PASSWORD } from './synapse.ts';

let reason = '';

/** Why tests are skipped after `twoServersIfAny` gave nothing. */
export const whyNoSynapse = () => `Synapse cannot be had: ${reason}`;

/** @returns undefined where Synapse cannot be had, and that is no fault; with CI=true it is one */
export async function twoServersIfAny(config: TwoServersConfig = {}): Promise<TwoServers | undefined> {
  try {
    return await TwoServers.start(config);
  } catch (error) {
    if (!(error instanceof NoPython) || process.env.CI === 'true') throw error;
    reason = error.message;
    return undefined;
  }
}

interface TwoServersConfig {
  readonly copse?: object;
  readonly synapse?: Readonly<Record<string, unknown>>;
}

/** A Copse and a Synapse that reach each other over TLS, as `localhost` on ports of their own. */
export class TwoServers implements AsyncDisposable {
  readonly copse: RunningServer;
  readonly copseName: string;
  readonly synapse: Synapse;
  readonly #folder: string;

  private constructor(parts: { copse: RunningServer; copseName: string; synapse: Synapse; folder: string }) {
    this.copse = parts.copse;
    this.copseName = parts.copseName;
    this.synapse = parts.synapse;
    this.#folder = parts.folder;
  }

  /** @throws NoPython where Synapse cannot be had */
  static async start(config: TwoServersConfig = {}): Promise<TwoServers> {
    const authority = new TestAuthority();
    const [own, client, federation] = [await freePort(), await freePort(), await freePort()];
    const folder = mkdtempSync(join(tmpdir(), 'copse-federation-'));
    const { certificate, key } = authority.issue({ names: ['localhost', '127.0.0.1'] });
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const copse = new RunningServer({
      config: {
        server_name: `localhost:${own}`,
        listen: {
          federation: {
            enabled: true,
            host: '127.0.0.1',
            port: own,
            certificate: file('server.crt', certificate),
            key: file('server.key', key),
          },
        },
        tls: { extra_ca: [file('ca.crt', authority.certificate)] },
        allowed_private_addresses: { federation: ['127.0.0.0/8', '::1'] },
        federation: { trusted_key_servers: [], retry: { initial: '1s', longest: '1h' } },
        ...config.copse,
      },
    });
    const synapse = new Synapse({ authority, ports: { client, federation }, config: config.synapse ?? {} });
    await Promise.all([copse.restart(), synapse.start()]);
    return new TwoServers({ copse, copseName: `localhost:${own}`, synapse, folder });
  }

  /** A room of a user of the one server, with another of the other server in it. */
  async sharedRoom(host: ApiUser, visitor: ApiUser, options: JsonObject = {}): Promise<string> {
    const room = await host.createRoom({ preset: 'public_chat', ...options });
    await visitor.enter(room, host.server);
    await eventually('the host sees the visitor', async () => (await host.membership(room, visitor.id)) === 'join');
    return room;
  }

  /** An account on Copse. */
  async copseUser(username: string): Promise<ApiUser> {
    const body = JSON.stringify({ username, password: USER_PASSWORD, auth: { type: 'm.login.dummy' } });
    const url = `${this.copse.url}/_matrix/client/v3/register`;
    const headers = { 'content-type': 'application/json' };
    return new ApiUser(this.copse.url, await apiOf(await fetch(url, { method: 'POST', headers, body })));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.copse[Symbol.asyncDispose](), this.synapse[Symbol.asyncDispose]()]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
