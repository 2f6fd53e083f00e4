import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Requester } from '../../src/accounts/requester.ts';
import { silentLog } from '../../src/base/log.ts';
import { type UserId, userIdOf } from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { MatrixError } from '../../src/core/matrix-error.ts';
import type { Endpoint } from '../../src/http/endpoint.ts';
import { HttpServer } from '../../src/http/server.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';

export interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

export interface Call {
  readonly body?: unknown;
  /** A body that is sent as it is. */
  readonly raw?: string;
  /** More of the requester than the token says. */
  readonly as?: Partial<Requester>;
}

/**
 * Endpoints behind a real HTTP server whose tokens are `localpart`, or `localpart/DEVICE`. Paths start with `/_`, or are
 * below `/_matrix/client`.
 */
export class TestApi {
  readonly #server: HttpServer;
  #more: Partial<Requester> = {};

  constructor(rooms: RoomsParts, endpoints: readonly Endpoint[], t: TestContext) {
    this.#server = new HttpServer({
      log: silentLog,
      authenticate: token => this.#requester(rooms, token),
      countRequest: () => undefined,
      trustedProxies: [],
    });
    this.#server.add(endpoints);
    t.after(() => this.#server.close());
  }

  async #requester(rooms: RoomsParts, token: string): Promise<Requester> {
    const [localpart = '', deviceId = 'DEVICE'] = token.split('/');
    if (localpart === 'nobody') throw new MatrixError('M_UNKNOWN_TOKEN', 'no such token');
    const userId: UserId = userIdOf(localpart, rooms.serverName);
    return {
      userId,
      userNid: await rooms.db.tx(tx => rooms.nids.users.internOne(tx, userId)),
      deviceId,
      isAdmin: false,
      isGuest: false,
      isSuspended: false,
      tokenNid: 1,
      appservice: undefined,
      ...this.#more,
    };
  }

  async call(method: 'GET' | 'PUT' | 'POST' | 'DELETE', token: string, path: string, call: Call = {}): Promise<Answer> {
    this.#more = call.as ?? {};
    const payload = call.raw ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
    const response = await this.#server.app.inject({
      method,
      url: path.startsWith('/_') ? path : `/_matrix/client${path}`,
      headers: { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
      ...(payload === undefined ? {} : { payload }),
    });
    return { status: response.statusCode, body: response.json() as JsonObject };
  }

  get(token: string, path: string, call?: Call): Promise<Answer> {
    return this.call('GET', token, path, call);
  }

  put(token: string, path: string, body: unknown = {}, as?: Partial<Requester>): Promise<Answer> {
    return this.call('PUT', token, path, as === undefined ? { body } : { body, as });
  }

  post(token: string, path: string, body: unknown = {}, as?: Partial<Requester>): Promise<Answer> {
    return this.call('POST', token, path, as === undefined ? { body } : { body, as });
  }

  /** The body of an answer that must be 200. */
  async ok(answer: Promise<Answer>): Promise<JsonObject> {
    const { status, body } = await answer;
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }
}

/** Status and errcode of an answer: what most negative tests look at. */
export async function refusal(answer: Promise<Answer>): Promise<[number, unknown]> {
  const { status, body } = await answer;
  return [status, body.errcode];
}
