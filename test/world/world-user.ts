import { signingKeyFromSeed } from '../../src/base/node-crypto.ts';
import { encodeBase64 } from '../../src/core/base64.ts';
import { getArray, getBoolean, getObject, getString, type JsonObject } from '../../src/core/json.ts';
import { signJson } from '../../src/core/signatures.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Answer, Method, WorldServer } from './world-server.ts';

/** What one sync has shown. */
interface Shown {
  readonly next: string;
  /** The texts of to-device messages. */
  readonly received: readonly string[];
  /** Event IDs by room, oldest first. */
  readonly rooms: ReadonlyMap<string, readonly string[]>;
}

const enc = encodeURIComponent;

/** A client of a world's server, with what its syncs have shown. */
export class WorldUser {
  readonly server: WorldServer;
  readonly id: string;
  readonly #token: string;
  #since: string | undefined;
  #sent = 0;
  /** The tokens of its other devices. */
  readonly #devices: string[] = [];
  /** The to-device messages that syncs have shown, by their text. */
  readonly received: string[] = [];
  /** By room the events that syncs have shown, in order; more than once where they came more than once. */
  readonly seen = new Map<string, string[]>();

  private constructor(server: WorldServer, id: string, token: string) {
    this.server = server;
    this.id = id;
    this.#token = token;
  }

  static async register(server: WorldServer, username: string): Promise<WorldUser> {
    const body = { username, password: 'a long password', auth: { type: 'm.login.dummy' }, device_id: 'FIRST' };
    const { body: made } = await server.call('POST', '/v3/register', '', body);
    return new WorldUser(server, String(made.user_id), String(made.access_token));
  }

  call(method: Method, path: string, body?: JsonObject): Promise<Answer> {
    return this.server.call(method, path, this.#token, body);
  }

  async createRoom(options: JsonObject): Promise<string> {
    const { status, body } = await this.call('POST', '/v3/createRoom', options);
    if (status !== 200) throw new Error(`no room was made: ${JSON.stringify(body)}`);
    return String(body.room_id);
  }

  /** A transaction ID that was not used before. */
  get txn(): string {
    return `${this.#sent++}`;
  }

  join(roomId: string, via: string): Promise<Answer> {
    return this.call('POST', `/v3/join/${enc(roomId)}?server_name=${via}&via=${via}`, {});
  }

  knock(roomId: string, via: string): Promise<Answer> {
    return this.call('POST', `/v3/knock/${enc(roomId)}?server_name=${via}&via=${via}`, {});
  }

  /** A message, sent again with the same transaction ID for as long as the caller likes. */
  message(roomId: string, text: string, txn = this.txn): Promise<Answer> {
    const path = `/v3/rooms/${enc(roomId)}/send/m.room.message/${txn}`;
    return this.call('PUT', path, { msgtype: 'm.text', body: text });
  }

  redact(roomId: string, eventId: string, txn = this.txn): Promise<Answer> {
    return this.call('PUT', `/v3/rooms/${enc(roomId)}/redact/${enc(eventId)}/${txn}`, {});
  }

  state(roomId: string, type: string, key: string, content: JsonObject): Promise<Answer> {
    return this.call('PUT', `/v3/rooms/${enc(roomId)}/state/${type}/${enc(key)}`, content);
  }

  membership(roomId: string, action: 'invite' | 'leave' | 'kick' | 'ban' | 'unban', target?: string): Promise<Answer> {
    const body = target === undefined ? {} : { user_id: target };
    return this.call('POST', `/v3/rooms/${enc(roomId)}/${action}`, body);
  }

  /** That everything up to an event was read. */
  read(roomId: string, eventId: string): Promise<Answer> {
    return this.call('POST', `/v3/rooms/${enc(roomId)}/receipt/m.read/${enc(eventId)}`, {});
  }

  toDevice(target: string, text: string, txn: string): Promise<Answer> {
    return this.call('PUT', `/v3/sendToDevice/org.example.world/${txn}`, { messages: { [target]: { '*': { text } } } });
  }

  /** Logs in with one more device and gives it keys, signed as they have to be. */
  async addDevice(deviceId: string, random: SeededRandom): Promise<Answer> {
    const identifier = { type: 'm.id.user', user: this.id };
    const login = { type: 'm.login.password', identifier, password: 'a long password', device_id: deviceId };
    const { body } = await this.server.call('POST', '/v3/login', '', login);
    const token = String(body.access_token);
    this.#devices.push(token);
    const key = signingKeyFromSeed(`ed25519:${deviceId}`, random.bytes(32));
    const keys = { [`ed25519:${deviceId}`]: encodeBase64(key.publicKey) };
    const device = { user_id: this.id, device_id: deviceId, algorithms: [], keys };
    return this.server.call('POST', '/v3/keys/upload', token, { device_keys: signJson(device, this.id, key) });
  }

  /** Logs the device out that came last. */
  async removeDevice(): Promise<Answer | undefined> {
    const token = this.#devices.pop();
    return token === undefined ? undefined : this.server.call('POST', '/v3/logout', token, {});
  }

  /** The devices of a user with their keys, as this user's server tells it. */
  async devicesOf(userId: string): Promise<JsonObject> {
    const { body } = await this.call('POST', '/v3/keys/query', { device_keys: { [userId]: [] } });
    return getObject(getObject(body, 'device_keys') ?? {}, userId) ?? {};
  }

  /** One sync that does not wait. Gaps are read with `/messages` until what was seen before. A failed one shows nothing. */
  async sync(): Promise<void> {
    const shown = await this.#look();
    this.#since = shown.next;
    this.received.push(...shown.received);
    for (const [roomId, events] of shown.rooms) this.seen.set(roomId, [...(this.seen.get(roomId) ?? []), ...events]);
  }

  async #look(): Promise<Shown> {
    const since = this.#since === undefined ? '' : `&since=${this.#since}`;
    const filter = enc('{"room":{"timeline":{"limit":50}}}');
    const { status, body } = await this.call('GET', `/v3/sync?timeout=0&filter=${filter}${since}`);
    if (status !== 200) throw new Error(`${this.id} cannot sync: ${JSON.stringify(body)}`);
    const next = String(body.next_batch);
    const messages = getArray(getObject(body, 'to_device') ?? {}, 'events') ?? [];
    const received = messages.map(event => getString(getObject(event as JsonObject, 'content') ?? {}, 'text') ?? '');
    const joined = getObject(getObject(body, 'rooms') ?? {}, 'join') ?? {};
    const rooms = new Map<string, readonly string[]>();
    for (const roomId of Object.keys(joined))
      rooms.set(roomId, await this.#timeline(roomId, getObject(joined, roomId) ?? {}));
    return { next, received, rooms };
  }

  async #timeline(roomId: string, room: JsonObject): Promise<string[]> {
    const timeline = getObject(room, 'timeline') ?? {};
    const known = this.seen.get(roomId);
    // A room that is new to us was not in syncs until its members were known: all since our join is news.
    const hasGap = getBoolean(timeline, 'limited') === true;
    const end = known === undefined || isShownAnew(room) ? new Set(known) : undefined;
    const before = hasGap ? await this.#gap(roomId, String(timeline.prev_batch), end) : [];
    return [...before, ...idsOf(getArray(timeline, 'events'))];
  }

  /** What lies between the last sync and the token, oldest first; with `known` back to one of these, or to our join. */
  async #gap(roomId: string, from: string, known?: ReadonlySet<string>): Promise<string[]> {
    const events: string[] = [];
    const to = known === undefined ? `&to=${this.#since}` : '';
    for (let token: string | undefined = from; token !== undefined; ) {
      const path = `/v3/rooms/${enc(roomId)}/messages?dir=b&limit=100&from=${token}${to}`;
      const { status, body } = await this.call('GET', path);
      if (status !== 200) throw new Error(`${this.id} cannot read what lies between: ${JSON.stringify(body)}`);
      const chunk = (getArray(body, 'chunk') ?? []) as readonly JsonObject[];
      const isEnd = (event: JsonObject) => known?.has(String(event.event_id)) || this.#isJoin(event);
      const end = known === undefined ? -1 : chunk.findIndex(isEnd);
      events.push(...idsOf(end === -1 ? chunk : chunk.slice(0, end)));
      // A token that stays says that nobody gives more now.
      const next = end === -1 ? getString(body, 'end') : undefined;
      token = next === token ? undefined : next;
    }
    return events.reverse();
  }

  #isJoin({ type, state_key: user, content }: JsonObject): boolean {
    return (
      type === 'm.room.member' && user === this.id && getString((content ?? {}) as JsonObject, 'membership') === 'join'
    );
  }
}

/** Whether a sync shows a room as a whole, from its beginning. */
function isShownAnew(room: JsonObject): boolean {
  const all = ['state', 'timeline'].flatMap(part => getArray(getObject(room, part) ?? {}, 'events') ?? []);
  return (all as readonly JsonObject[]).some(event => event.type === 'm.room.create');
}

function idsOf(events: readonly unknown[] = []): string[] {
  return events.flatMap(event => getString(event as JsonObject, 'event_id') ?? []);
}
