import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { JsonObject } from '../../src/core/json.ts';
import type { Reply, WholeServer } from './whole-server.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: JsonObject;
}

type Answering = (call: Call) => { readonly status: number; readonly body?: unknown } | undefined;

/** A bridge to a network called irc, which keeps `@irc_*` and `#irc_*` for itself and takes what it is told. */
export class ScriptedAppservice {
  readonly calls: Call[] = [];
  /** What it answers; `{}` with 200 where this says nothing. */
  answer: Answering = () => undefined;
  readonly file: string;
  readonly #server: Server;

  private constructor(server: Server, file: string) {
    this.#server = server;
    this.file = file;
  }

  /** `extra`: further lines of its registration. */
  static async start(t: TestContext, extra: readonly string[] = []): Promise<ScriptedAppservice> {
    const folder = mkdtempSync(join(tmpdir(), 'copse-appservice-'));
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const file = join(folder, 'registration.yaml');
    const { port } = server.address() as AddressInfo;
    writeFileSync(file, registration(`http://127.0.0.1:${port}`, extra));
    const appservice = new ScriptedAppservice(server, file);
    server.on('request', async (request, response) => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      const call: Call = {
        method: request.method ?? '',
        path: request.url ?? '',
        authorization: request.headers.authorization,
        body: JSON.parse(text || '{}') as JsonObject,
      };
      appservice.calls.push(call);
      const { status, body = {} } = appservice.answer(call) ?? { status: 200 };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    t.after(() => {
      appservice.close();
      rmSync(folder, { recursive: true });
    });
    return appservice;
  }

  /** Transactions that came, each as often as it came. */
  get transactions(): readonly Call[] {
    return this.calls.filter(({ path }) => path.startsWith('/_matrix/app/v1/transactions/'));
  }

  /** Everything of a kind that it was told, transactions that were repeated once. */
  told(key: 'events' | 'ephemeral' | 'to_device'): JsonObject[] {
    const bodies = new Map(this.transactions.map(({ path, body }) => [path, body]));
    return [...bodies.values()].flatMap(body => (body[key] as JsonObject[] | undefined) ?? []);
  }

  /** Waits until `isThere` holds of what came. */
  async until(isThere: () => boolean): Promise<void> {
    for (let tries = 0; !isThere(); tries++) {
      if (tries === 10_000) throw new Error(`it was not told: ${JSON.stringify(this.calls).slice(0, 2000)}`);
      await pause(20);
    }
  }

  /** A request with its token, for its own user or one of its users. */
  call(server: WholeServer, method: string, path: string, body?: JsonObject, user?: string): Promise<Reply> {
    const as = user === undefined ? '' : `${path.includes('?') ? '&' : '?'}user_id=${encodeURIComponent(user)}`;
    return server.call(method, `${path}${as}`, 'as-token', body);
  }

  /** Makes one of its users. */
  async register(server: WholeServer, username: string): Promise<Reply> {
    return this.call(server, 'POST', '/v3/register', {
      type: 'm.login.application_service',
      username,
      inhibit_login: true,
    });
  }

  /** It is not there any more. */
  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

function registration(url: string, extra: readonly string[]): string {
  return `${[
    'id: irc',
    `url: ${url}`,
    'as_token: as-token',
    'hs_token: hs-token',
    'sender_localpart: irc_bot',
    'rate_limited: false',
    'protocols: [irc]',
    'namespaces:',
    "  users: [{ exclusive: true, regex: '@irc_.*' }]",
    "  aliases: [{ exclusive: true, regex: '#irc_.*' }]",
    '  rooms: []',
    ...extra,
  ].join('\n')}\n`;
}
