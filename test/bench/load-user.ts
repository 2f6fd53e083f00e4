import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { getString, type JsonObject } from '../../src/core/json.ts';
import { SECRET } from './measured-server.ts';

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

interface Asked {
  readonly body?: JsonObject | undefined;
  /** Gives up. */
  readonly signal?: AbortSignal | undefined;
}

function call(method: string, url: string, token: string | undefined, asked: Asked = {}): Promise<JsonObject> {
  const { body, signal } = asked;
  const { promise, resolve, reject } = Promise.withResolvers<JsonObject>();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const sent = request(url, { method, agent, headers, ...(signal && { signal }) }, answer => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('error', reject);
    answer.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      if (answer.statusCode === 200) resolve(JSON.parse(text) as JsonObject);
      else reject(new Error(`${method} ${url}: ${answer.statusCode} ${text}`));
    });
  });
  sent.on('error', reject);
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

/** A user over HTTP, in as few words as the scenarios need. */
export class LoadUser {
  #base: string;
  readonly token: string;
  #sent = 0;

  private constructor(base: string, token: string) {
    this.#base = base;
    this.token = token;
  }

  static async register(base: string, name: string, admin = false): Promise<LoadUser> {
    const url = `${base}/_synapse/admin/v1/register`;
    const nonce = getString(await call('GET', url, undefined), 'nonce') ?? '';
    const password = `password of ${name}`;
    const mac = createHmac('sha1', SECRET)
      .update([nonce, name, password, admin ? 'admin' : 'notadmin'].join('\0'))
      .digest('hex');
    const answer = await call('POST', url, undefined, {
      body: { nonce, username: name, password, admin, mac },
    });
    return new LoadUser(base, getString(answer, 'access_token') ?? '');
  }

  /** Its server listens elsewhere since it was started anew. */
  moveTo(base: string): void {
    this.#base = base;
  }

  #call(method: string, path: string, body?: JsonObject, signal?: AbortSignal): Promise<JsonObject> {
    return call(method, `${this.#base}/_matrix/client/v3/${path}`, this.token, { body, signal });
  }

  async createRoom(): Promise<string> {
    return getString(await this.#call('POST', 'createRoom', { preset: 'public_chat' }), 'room_id') ?? '';
  }

  async join(room: string): Promise<void> {
    await this.#call('POST', `join/${encodeURIComponent(room)}`, {});
  }

  async joinThrough(room: string, server: string): Promise<void> {
    await this.#call('POST', `join/${encodeURIComponent(room)}?${new URLSearchParams({ via: server })}`, {});
  }

  /** How many are in a room. @throws while they are still coming */
  async members(room: string): Promise<number> {
    const { joined } = await this.#call('GET', `rooms/${encodeURIComponent(room)}/joined_members`);
    return Object.keys(joined as JsonObject).length;
  }

  /** Joins that go on, for an administrator. */
  joins(): Promise<JsonObject> {
    return call('GET', `${this.#base}/_synapse/admin/copse/v1/joins`, this.token);
  }

  async send(room: string, content: JsonObject): Promise<void> {
    const path = `rooms/${encodeURIComponent(room)}/send/m.room.message/load${this.#sent++}`;
    await this.#call('PUT', path, { msgtype: 'm.text', ...content });
  }

  /** The place of now, for a sync that goes on from it. */
  async position(): Promise<string> {
    return getString(await this.sync({ filter: '{"room":{"timeline":{"limit":1}}}' }), 'next_batch') ?? '';
  }

  /** `signal`: gives up. */
  sync(options: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<JsonObject> {
    return this.#call('GET', `sync?${new URLSearchParams(options)}`, undefined, signal);
  }
}
