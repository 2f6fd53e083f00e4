import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { ServerName } from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { signRequest } from '../../src/core/xmatrix.ts';
import { TestAuthority } from '../support/certificates.ts';
import { identityOf } from '../support/federation.ts';
import { keyAnswer } from '../support/key-servers.ts';
import { HugeRoom, keyOf } from './huge-room.ts';

const DAY_MS = 86_400_000;
const LOOPBACK = '127.77';
/** Names in one part of their network. */
const PER_NET = 250;
const BACKLOG = 8192;
/** Whoever is not answered for so long sends it again. */
const SEND_MS = 15_000;
const SLOW_KEY_MS = 15_000;

/** What becomes of a request for the keys of a server, by its number. */
export type KeyMood = (at: number) => 'given' | 'slow' | 'refused';

/**
 * Thousands of homeservers on one listener: their names are addresses (of loopback) with its port, so that neither DNS nor
 * names in the certificate play a part. The first of them lets users into the rooms.
 */
export class HugeFederation implements AsyncDisposable {
  readonly #server: Server;
  readonly #rooms = new Map<string, HugeRoom>();
  readonly #names: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;
  #transactions = 0;
  keys: KeyMood = () => 'given';

  private constructor(server: Server, servers: number, network: string) {
    const { port } = server.address() as AddressInfo;
    this.#server = server;
    this.#names = Array.from({ length: servers }, (_, at) => nameOf(network, at, port));
    this.#numbers = new Map(this.#names.map((name, at) => [name, at]));
  }

  /** `network`: of their addresses, which have to lead here. */
  static async open(servers: number, network = LOOPBACK): Promise<HugeFederation> {
    const { certificate, key } = new TestAuthority().issue({ names: ['localhost'] });
    const opened = Promise.withResolvers<HugeFederation>();
    const server = createServer({ cert: certificate, key, keepAliveTimeout: 65_000 }, async (asked, response) => {
      await (await opened.promise).#answer(asked, response);
    });
    server.listen(0, '0.0.0.0', BACKLOG);
    await once(server, 'listening');
    const federation = new HugeFederation(server, servers, network);
    opened.resolve(federation);
    return federation;
  }

  /** A room of so many users on the first `servers` of them. */
  room(users: number, servers: number): HugeRoom {
    const room = new HugeRoom(this.#names.slice(0, servers), users);
    this.#rooms.set(room.id, room);
    return room;
  }

  /** The server that lets users in. */
  get resident(): string {
    return this.#names[0]!;
  }

  /** Sends messages of one server in a transaction. Answers the status. */
  async send(url: string, destination: string, origin: string, pdus: JsonObject['pdus'] & object): Promise<number> {
    const uri = `/_matrix/federation/v1/send/${this.#transactions++}`;
    const content = { origin, origin_server_ts: Date.now(), pdus };
    const authorization = signRequest({ method: 'PUT', uri, origin, destination, content }, keyOf(origin));
    const headers = { authorization, 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(SEND_MS);
    const answer = await fetch(`${url}${uri}`, { method: 'PUT', headers, body: JSON.stringify(content), signal });
    await answer.arrayBuffer();
    return answer.status;
  }

  async #answer(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces = (await asked.toArray()) as Buffer[];
    const body = pieces.length === 0 ? {} : (JSON.parse(Buffer.concat(pieces).toString()) as JsonObject);
    const url = new URL(asked.url ?? '/', 'https://loopback');
    const name = asked.headers.host ?? '';
    const text = url.pathname.startsWith('/_matrix/key/')
      ? await this.#keysOf(name)
      : this.#federation(url, name, body);
    if (text === undefined) response.writeHead(404).end('{"errcode":"M_NOT_FOUND","error":"not here"}');
    else response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  }

  async #keysOf(name: string): Promise<string | undefined> {
    const mood = this.keys(this.#numbers.get(name) ?? 0);
    if (mood === 'refused') return undefined;
    if (mood === 'slow') await setTimeout(SLOW_KEY_MS);
    const identity = { ...identityOf(name), serverName: name as ServerName, signingKey: keyOf(name) };
    return JSON.stringify(keyAnswer(identity, Date.now() + DAY_MS));
  }

  /** Paths of the server-server API behind `/_matrix/federation/vN`. */
  #federation(url: URL, name: string, body: JsonObject): string | undefined {
    const [operation = '', id = '', user = ''] = url.pathname.split('/').slice(4).map(decodeURIComponent);
    if (operation === 'send') return '{"pdus":{}}';
    if (operation === 'event') return this.#event(name, id);
    const room = this.#rooms.get(id);
    switch (room && operation) {
      case 'make_join':
        return JSON.stringify({ room_version: room!.version, event: room!.template(user) });
      case 'send_join':
        room!.accept(body);
        return `{"members_omitted":true,"servers_in_room":${JSON.stringify(room!.servers)},${room!.told.withoutMembers}}`;
      case 'state_ids':
        return room!.told.ids;
      case 'state':
        return room!.told.whole;
      case 'get_missing_events':
        return '{"events":[]}';
      default:
        return undefined;
    }
  }

  #event(name: string, id: string): string | undefined {
    const text = [...this.#rooms.values()].map(room => room.text(id)).find(each => each !== undefined);
    return text && `{"origin":${JSON.stringify(name)},"origin_server_ts":${Date.now()},"pdus":[${text}]}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

function nameOf(network: string, at: number, port: number): string {
  return `${network}.${Math.floor(at / PER_NET) + 1}.${(at % PER_NET) + 1}:${port}`;
}
