import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { Identity } from '../../src/core/identity.ts';
import type { ServerName } from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { HttpExchange } from '../../src/federation/transport/exchange.ts';
import type { Carry } from '../../src/federation/transport/federation-client.ts';
import { identityOf } from './federation.ts';
import { DAY_MS, keyAnswer } from './key-servers.ts';
import { WholeServer } from './whole-server.ts';

/** A request between servers. */
export interface Carried {
  readonly to: string;
  readonly method: string;
  readonly uri: string;
}

export type PeerAnswer = (seen: Carried & { readonly body: JsonObject }, response: ServerResponse) => unknown;

/** Several servers in this process, and a network between them that a test can cut. */
export class ServerWorld {
  readonly #urls = new Map<string, () => string | undefined>();
  /** Every request that was carried, oldest first. */
  readonly carried: Carried[] = [];
  /** Requests that do not get through. */
  hold: (carried: Carried) => boolean = () => false;
  /** Servers that cannot be reached. */
  readonly down = new Set<string>();
  #seed = 50;

  /** A whole server, as in production. */
  async server(t: TestContext, name: string, clock: Clock = systemClock): Promise<WholeServer> {
    const server = new WholeServer(t, clock, { name, carry: this.carry });
    this.#urls.set(name, () => server.url);
    return server.start();
  }

  /** A server by script: what `answer` returns is sent as JSON, unless it answered itself. It publishes its keys. */
  async peer(t: TestContext, name: string, answer: PeerAnswer): Promise<Identity> {
    const identity = identityOf(name, this.#seed++, `ed25519:${name.replaceAll('.', '_')}`);
    const server = await listening(t, async (asked, response) => {
      const { method = '', url: uri = '' } = asked;
      if (uri.startsWith('/_matrix/key/')) return keyAnswer(identity, systemClock.now() + DAY_MS);
      return answer({ to: name, method, uri, body: await bodyOf(asked) }, response);
    });
    this.#urls.set(name, () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return identity;
  }

  readonly carry: Carry = async (destination: ServerName, sent: HttpExchange, signal: AbortSignal) => {
    const carried = { to: destination, method: sent.method, uri: sent.uri };
    this.carried.push(carried);
    const url = this.down.has(destination) || this.hold(carried) ? undefined : this.#urls.get(destination)?.();
    if (url === undefined) throw new Error(`nobody answers for ${destination}`);
    const body = sent.body ?? Buffer.alloc(0);
    const headers = { ...sent.headers, 'content-length': String(body.length) };
    const asking = request(new URL(sent.uri, url), { method: sent.method, headers, signal, agent: false });
    asking.end(body);
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    asking.on('error', () => undefined);
    sent.onConnected();
    return response;
  };
}

async function listening(
  t: TestContext,
  answer: (asked: IncomingMessage, response: ServerResponse) => unknown,
): Promise<Server> {
  const server = createServer(async (asked, response) => {
    try {
      const json = await answer(asked, response);
      if (json !== undefined) response.end(JSON.stringify(json));
    } catch (error) {
      response.writeHead(500).end(JSON.stringify({ errcode: 'M_UNKNOWN', error: String(error) }));
    }
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function bodyOf(asked: IncomingMessage): Promise<JsonObject> {
  const pieces: Buffer[] = [];
  for await (const piece of asked) pieces.push(piece as Buffer);
  return pieces.length === 0 ? {} : (JSON.parse(Buffer.concat(pieces).toString()) as JsonObject);
}

/** Refuses as a Matrix server does. */
export function refuse(response: ServerResponse, status: number, errcode: string, more: JsonObject = {}): undefined {
  response.writeHead(status).end(JSON.stringify({ errcode, error: `no: ${errcode}`, ...more }));
}
