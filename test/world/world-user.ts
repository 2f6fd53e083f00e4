import { getArray, getBoolean, getObject, getString, type JsonObject } from '../../src/core/json.ts';
import type { Answer, WorldServer } from './world-server.ts';

/** A client of a world's server, with what its syncs have shown. */
export class WorldUser {
  readonly server: WorldServer;
  readonly id: string;
  readonly #token: string;
  #since: string | undefined;
  #sent = 0;
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
    const body = { username, password: 'a long password', auth: { type: 'm.login.dummy' } };
    const { body: made } = await server.call('POST', '/v3/register', '', body);
    return new WorldUser(server, String(made.user_id), String(made.access_token));
  }

  call(method: 'GET' | 'PUT' | 'POST', path: string, body?: JsonObject): Promise<Answer> {
    return this.server.call(method, path, this.#token, body);
  }

  async createRoom(options: JsonObject): Promise<string> {
    const { status, body } = await this.call('POST', '/v3/createRoom', options);
    if (status !== 200) throw new Error(`no room was made: ${JSON.stringify(body)}`);
    return String(body.room_id);
  }

  join(roomId: string, via: string): Promise<Answer> {
    const path = `/v3/join/${encodeURIComponent(roomId)}?server_name=${via}&via=${via}`;
    return this.call('POST', path, {});
  }

  /** A message, sent again with the same transaction ID for as long as the caller likes. */
  message(roomId: string, text: string, txn = `${this.#sent++}`): Promise<Answer> {
    const path = `/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${txn}`;
    return this.call('PUT', path, { msgtype: 'm.text', body: text });
  }

  state(roomId: string, type: string, key: string, content: JsonObject): Promise<Answer> {
    const path = `/v3/rooms/${encodeURIComponent(roomId)}/state/${type}/${encodeURIComponent(key)}`;
    return this.call('PUT', path, content);
  }

  membership(roomId: string, action: 'leave' | 'kick' | 'ban' | 'unban', target?: string): Promise<Answer> {
    const body = target === undefined ? {} : { user_id: target };
    return this.call('POST', `/v3/rooms/${encodeURIComponent(roomId)}/${action}`, body);
  }

  toDevice(target: string, text: string, txn: string): Promise<Answer> {
    return this.call('PUT', `/v3/sendToDevice/org.example.world/${txn}`, { messages: { [target]: { '*': { text } } } });
  }

  /** One sync that does not wait. Gaps are read with `/messages` until what was seen before. */
  async sync(): Promise<void> {
    const since = this.#since === undefined ? '' : `&since=${this.#since}`;
    const filter = encodeURIComponent('{"room":{"timeline":{"limit":50}}}');
    const { status, body } = await this.call('GET', `/v3/sync?timeout=0&filter=${filter}${since}`);
    if (status !== 200) throw new Error(`${this.id} cannot sync: ${JSON.stringify(body)}`);
    for (const event of getArray(getObject(body, 'to_device') ?? {}, 'events') ?? [])
      this.received.push(getString(getObject(event as JsonObject, 'content') ?? {}, 'text') ?? '');
    const joined = getObject(getObject(body, 'rooms') ?? {}, 'join') ?? {};
    for (const roomId of Object.keys(joined)) await this.#timeline(roomId, getObject(joined, roomId) ?? {});
    this.#since = String(body.next_batch);
  }

  async #timeline(roomId: string, room: JsonObject): Promise<void> {
    const timeline = getObject(room, 'timeline') ?? {};
    const known = this.seen.get(roomId);
    const before =
      getBoolean(timeline, 'limited') === true && known !== undefined
        ? await this.#gap(roomId, String(timeline.prev_batch))
        : [];
    this.seen.set(roomId, [...(known ?? []), ...before, ...idsOf(getArray(timeline, 'events'))]);
  }

  /** What lies between the last sync and the token, oldest first. */
  async #gap(roomId: string, from: string): Promise<string[]> {
    const events: string[] = [];
    for (let token: string | undefined = from; token !== undefined; ) {
      const path = `/v3/rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=100&from=${token}&to=${this.#since}`;
      const { body } = await this.call('GET', path);
      events.push(...idsOf(getArray(body, 'chunk')));
      token = getString(body, 'end');
    }
    return events.reverse();
  }
}

function idsOf(events: readonly unknown[] = []): string[] {
  return events.flatMap(event => getString(event as JsonObject, 'event_id') ?? []);
}
