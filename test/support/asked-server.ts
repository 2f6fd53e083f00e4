import type { TestContext } from 'node:test';
import type { ServerName } from '../../src/core/ids.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { RefusedError } from '../../src/federation/transport/errors.ts';
import type { FederationRequest, StreamedAnswer } from '../../src/federation/transport/federation-client.ts';
import { requestTarget } from '../../src/federation/transport/request-target.ts';
import { makeLeave } from '../../src/http/federation/membership/make-leave.ts';
import { roomEventsRoutes } from '../../src/http/federation/rooms/routes.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';
import { federationServer } from './signed-requests.ts';

/** Answers a request instead of the server; undefined lets the server answer. It may throw. */
export type Instead = (server: ServerName, request: FederationRequest) => Json | undefined;

/** Servers that others ask about events of rooms: with the endpoints as they are, but nothing in between. */
export class AskedServers {
  readonly #t: TestContext;
  readonly #asker: ServerName;
  readonly #apps = new Map<string, ReturnType<typeof federationServer>['app']>();
  /** What was asked: the method, whom, and the path with its query. */
  readonly asked: string[] = [];
  instead: Instead = () => undefined;

  constructor(t: TestContext, asker: ServerName) {
    this.#t = t;
    this.#asker = asker;
  }

  add(rooms: RoomsParts): void {
    const routes = [...roomEventsRoutes({ rooms }), makeLeave({ rooms })];
    const { app } = federationServer(this.#t, routes, async ({ body }) => {
      body();
      return this.#asker;
    });
    this.#apps.set(rooms.serverName, app);
  }

  readonly client = {
    request: async (server: ServerName, request: FederationRequest): Promise<Json> =>
      JSON.parse(await this.#answer(server, request)) as Json,
    stream: async (server: ServerName, request: FederationRequest): Promise<StreamedAnswer> => {
      const text = await this.#answer(server, request);
      return {
        status: 200,
        header: () => undefined,
        body: (async function* () {
          yield Buffer.from(text);
        })(),
        async [Symbol.asyncDispose]() {},
      };
    },
  };

  async #answer(server: ServerName, request: FederationRequest): Promise<string> {
    const { method, path, query, body } = request;
    const url = requestTarget(path, query);
    this.asked.push(`${method} ${server} ${decodeURIComponent(url.replace('/_matrix/federation/v1/', ''))}`);
    const told = this.instead(server, request);
    if (told !== undefined) return JSON.stringify(told);
    const response = await this.#apps.get(server)?.inject({
      method,
      url,
      headers: { authorization: 'x', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    if (response === undefined) throw refused(server, 502, {});
    if (response.statusCode !== 200) throw refused(server, response.statusCode, response.json() as JsonObject);
    return response.body;
  }
}

export function refused(server: ServerName, status: number, body: JsonObject): RefusedError {
  const errcode = String(body.errcode ?? '');
  return new RefusedError(server, {
    status,
    errcode,
    message: String(body.error ?? ''),
    retryAfterMs: undefined,
    body,
  });
}
