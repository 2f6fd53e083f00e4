import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { getArray, getObject, getString, type JsonObject } from '../../src/core/json.ts';

/** A slow machine with others at work on it may take as long; a sound one is there in a second or two. */
const LONGEST_MS = 300_000;

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** Somebody with a session on a server of any make, by plain HTTP. */
export class ApiUser {
  readonly id: string;
  readonly deviceId: string;
  readonly #url: string;
  readonly #token: string;
  #sent = 0;

  constructor(url: string, { user_id, device_id, access_token }: JsonObject) {
    this.#url = url;
    this.id = String(user_id);
    this.deviceId = String(device_id);
    this.#token = String(access_token);
  }

  get server(): string {
    return this.id.slice(this.id.indexOf(':') + 1);
  }

  async call(method: Method, path: string, body?: JsonObject): Promise<{ status: number; body: JsonObject }> {
    const response = await fetch(`${this.#url}/_matrix/client${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as JsonObject };
  }

  /** The body of an answer that must be good. */
  async ok(method: Method, path: string, body?: JsonObject): Promise<JsonObject> {
    const answer = await this.call(method, path, body);
    assert.equal(answer.status, 200, `${this.id} ${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async createRoom(options: JsonObject): Promise<string> {
    return String((await this.ok('POST', '/v3/createRoom', options)).room_id);
  }

  join(room: string, via = ''): Promise<JsonObject> {
    const query = via === '' ? '' : `?server_name=${via}&via=${via}`;
    return this.ok('POST', `/v3/join/${encodeURIComponent(room)}${query}`, {});
  }

  /**
   * Joins, and waits for the whole of it. Synapse first joins without most members and fetches them behind the answer;
   * until it has them, the room is in no sync.
   */
  async enter(roomOrAlias: string, via = '', room = roomOrAlias): Promise<void> {
    await this.join(roomOrAlias, via);
    await eventually(`${this.id} has the whole room`, () => this.inSync('join', room));
  }

  /** `leave`, `invite`, `kick`, `ban`, `unban`. */
  act(action: string, room: string, target?: string): Promise<JsonObject> {
    const body: JsonObject = target === undefined ? {} : { user_id: target };
    return this.ok('POST', `/v3/rooms/${encodeURIComponent(room)}/${action}`, body);
  }

  async say(room: string, text: string): Promise<string> {
    return String((await this.ok('PUT', this.#nextMessage(room), { msgtype: 'm.text', body: text })).event_id);
  }

  /** Says it again, as the same message, until the server has answered that it has it. */
  async insist(room: string, text: string): Promise<void> {
    const path = this.#nextMessage(room);
    await eventually(`${this.id} says ${text}`, () =>
      this.call('PUT', path, { msgtype: 'm.text', body: text }).then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
  }

  #nextMessage(room: string): string {
    return `/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/m${this.#sent++}`;
  }

  setState(room: string, type: string, content: JsonObject, key = ''): Promise<JsonObject> {
    const path = `/v3/rooms/${encodeURIComponent(room)}/state/${type}/${encodeURIComponent(key)}`;
    return this.ok('PUT', path, content);
  }

  async state(room: string, type: string, key = ''): Promise<JsonObject | undefined> {
    const path = `/v3/rooms/${encodeURIComponent(room)}/state/${type}/${encodeURIComponent(key)}`;
    const { status, body } = await this.call('GET', path);
    return status === 200 ? body : undefined;
  }

  async membership(room: string, user: string): Promise<string | undefined> {
    return getString((await this.state(room, 'm.room.member', user)) ?? {}, 'membership');
  }

  /** @returns its `mxc:` address */
  async upload(bytes: Buffer<ArrayBuffer>, type: string): Promise<string> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': type };
    const url = `${this.#url}/_matrix/media/v3/upload`;
    return String((await apiOf(await fetch(url, { method: 'POST', headers, body: bytes }))).content_uri);
  }

  /** Undefined where the server has no such file. */
  async download(path: string): Promise<{ readonly type: string; readonly bytes: Buffer } | undefined> {
    const headers = { authorization: `Bearer ${this.#token}` };
    const answer = await fetch(`${this.#url}/_matrix/client${path}`, { headers });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return answer.ok ? { type: answer.headers.get('content-type') ?? '', bytes } : undefined;
  }

  /** All bodies of messages in a room, oldest first, with doubles. */
  async bodies(room: string): Promise<string[]> {
    const found: string[] = [];
    for (let from: string | undefined = ''; from !== undefined; ) {
      const token: string = from === '' ? '' : `&from=${encodeURIComponent(from)}`;
      const page: JsonObject = await this.ok(
        'GET',
        `/v3/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=100${token}`,
      );
      found.push(...messages(page, 'chunk').flatMap(bodyOf));
      from = getString(page, 'end');
    }
    return found.reverse();
  }

  sync(since?: string): Promise<JsonObject> {
    const filter = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 1000 } } }));
    return this.ok('GET', `/v3/sync?timeout=0&filter=${filter}${since === undefined ? '' : `&since=${since}`}`);
  }

  /** The block of a room in a whole sync: of `join`, `invite`, `knock` or `leave`. */
  async inSync(section: string, room: string): Promise<JsonObject | undefined> {
    return getObject(getObject(getObject(await this.sync(), 'rooms') ?? {}, section) ?? {}, room);
  }
}

/**
 * A client that syncs now and then. It keeps the messages that each sync brought, with doubles, and goes back over what a sync
 * left out of a long timeline.
 */
export class Reader {
  readonly #user: ApiUser;
  readonly #synced = new Map<string, JsonObject[]>();
  readonly #pagedBack = new Map<string, JsonObject[]>();
  #since: string | undefined;

  constructor(user: ApiUser) {
    this.#user = user;
  }

  /** All bodies that have come of a room so far. */
  async heard(room: string): Promise<readonly string[]> {
    const answer = await this.#user.sync(this.#since);
    const joined = getObject(getObject(answer, 'rooms') ?? {}, 'join') ?? {};
    for (const id of Object.keys(joined)) await this.#take(id, getObject(joined, id) ?? {});
    this.#since = String(answer.next_batch);
    const synced = this.#synced.get(room) ?? [];
    const ids = new Set(synced.map(event => event.event_id));
    const others = (this.#pagedBack.get(room) ?? []).filter(event => !ids.has(event.event_id));
    return [...synced, ...others].flatMap(bodyOf);
  }

  async #take(room: string, block: JsonObject): Promise<void> {
    const timeline = getObject(block, 'timeline') ?? {};
    const before = [...(this.#synced.get(room) ?? []), ...(this.#pagedBack.get(room) ?? [])];
    this.#synced.set(room, [...(this.#synced.get(room) ?? []), ...messages(timeline, 'events')]);
    if (timeline.limited !== true || this.#since === undefined) return;
    const known = new Set(before.map(event => event.event_id));
    const found = new Map<unknown, JsonObject>();
    for (let from = getString(timeline, 'prev_batch'); from !== undefined; ) {
      const path = `/v3/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=100&from=${encodeURIComponent(from)}`;
      const page: JsonObject = await this.#user.ok('GET', path);
      for (const event of messages(page, 'chunk')) if (!known.has(event.event_id)) found.set(event.event_id, event);
      from = getString(page, 'end');
    }
    this.#pagedBack.set(room, [...(this.#pagedBack.get(room) ?? []), ...found.values()]);
  }
}

function messages(holder: JsonObject, key: string): JsonObject[] {
  return ((getArray(holder, key) ?? []) as JsonObject[]).filter(event => event.type === 'm.room.message');
}

function bodyOf(event: JsonObject): string[] {
  const text = getString(getObject(event, 'content') ?? {}, 'body');
  return text === undefined ? [] : [text];
}

/** Asks until the answer is there, for as long as the network may take. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  longestMs = LONGEST_MS,
): Promise<T> {
  const deadline = performance.now() + longestMs;
  for (let pauseMs = 100; ; pauseMs = Math.min(1.3 * pauseMs, 1000)) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) assert.fail(`${what}: not within ${longestMs / 1000} s`);
    await wait(pauseMs);
  }
}

export async function apiOf(response: Response): Promise<JsonObject> {
  const body = (await response.json()) as JsonObject;
  assert.equal(response.status, 200, JSON.stringify(body));
  return body;
}
