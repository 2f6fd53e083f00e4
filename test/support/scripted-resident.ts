import type { ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { Identity } from '../../src/core/identity.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { signRequest } from '../../src/core/xmatrix.ts';
import { idOf } from './resident-server.ts';
import type { TestRoom } from './room-builder.ts';
import { refuse, type ServerWorld } from './server-world.ts';
import { SignedRoom } from './signed-room.ts';

/** A server by script that is in a room of its own, and answers joins as a test wants. */
export class ScriptedResident {
  readonly signed: SignedRoom;
  /** The joins, leaves and knocks that were sent here. */
  readonly sent: JsonObject[] = [];
  /** What becomes of a template before it is given. */
  template: (template: JsonObject) => Json = template => template;
  /** What becomes of the answer to a join; undefined: it has answered itself. */
  answer: (answer: JsonObject, response: ServerResponse) => Json | undefined = answer => answer;
  roomVersion: Json;
  /** Answers whatever else is asked; undefined: it has answered itself. */
  other: (uri: string, body: JsonObject, response: ServerResponse) => Json | undefined = (_uri, _body, response) =>
    refuse(response, 404, 'M_UNRECOGNIZED');
  readonly identity: Identity;
  #transactions = 0;
  /** What was the state before each join. */
  readonly #before = new Map<
    string,
    { readonly state: readonly JsonObject[]; readonly authChain: readonly JsonObject[] }
  >();
  /** The servers that are told with a join without members; undefined: members are told. */
  servers: readonly string[] | undefined;
  /** What becomes of an answer with a whole state. */
  told: (answer: JsonObject) => Json = answer => answer;

  private constructor(identity: Identity, version: string) {
    this.identity = identity;
    this.signed = new SignedRoom(identity, version);
    this.roomVersion = version;
  }

  static async start(t: TestContext, world: ServerWorld, name: string, version = '11'): Promise<ScriptedResident> {
    const started = Promise.withResolvers<ScriptedResident>();
    const identity = await world.peer(t, name, async ({ uri, body }, response) => {
      const resident = await started.promise;
      return resident.handle(uri, body, response);
    });
    const resident = new ScriptedResident(identity, version);
    started.resolve(resident);
    return resident;
  }

  get room(): TestRoom {
    return this.signed.room;
  }

  get owner(): string {
    return this.signed.owner;
  }

  /** Sends a signed transaction to a server. */
  async transaction(to: { readonly url: string | undefined }, destination: string, pdus: readonly Json[]) {
    const { serverName: origin, signingKey } = this.identity;
    const uri = `/_matrix/federation/v1/send/${this.#transactions++}`;
    const content = { origin, origin_server_ts: Date.now(), pdus: [...pdus] };
    const authorization = signRequest({ method: 'PUT', uri, origin, destination, content }, signingKey);
    const headers = { authorization, 'content-type': 'application/json' };
    const response = await fetch(`${to.url}${uri}`, { method: 'PUT', headers, body: JSON.stringify(content) });
    return { status: response.status, body: (await response.json()) as JsonObject };
  }

  /** Answers a request, also in the name of another server in the room. */
  handle(uri: string, body: JsonObject, response: ServerResponse): Json | undefined {
    const [, asked = ''] = /\/v1\/(state_ids|state|event)\//.exec(uri) ?? [];
    const eventId = new URLSearchParams(uri.replace(/^[^?]*/, '')).get('event_id') ?? lastOf(uri);
    if (asked !== '' && this.servers !== undefined)
      return this.#tell(asked, eventId) ?? refuse(response, 404, 'M_NOT_FOUND');
    const [, kind = '', user = ''] = /\/v\d\/((?:make|send)_[a-z]+)\/[^/]*\/([^?]*)/.exec(uri) ?? [];
    if (kind.startsWith('make_')) {
      const template = this.#template(kind.slice('make_'.length), decodeURIComponent(user));
      return { room_version: this.roomVersion, event: this.template(template) };
    }
    if (!kind.startsWith('send_')) return this.other(uri, body, response);
    this.sent.push(body);
    const { state, authChain } = this.signed;
    this.#before.set(decodeURIComponent(user), { state, authChain });
    if (kind === 'send_join') this.room.accept(body);
    if (kind === 'send_join') return this.answer({ ...this.#joined(state, authChain), event: body }, response);
    return kind === 'send_knock' ? { knock_room_state: state } : {};
  }

  #joined(state: readonly JsonObject[], authChain: readonly JsonObject[]): JsonObject {
    if (this.servers === undefined) return { state: [...state], auth_chain: [...authChain] };
    const isTold = (event: JsonObject) => event.type !== 'm.room.member' || event.state_key === this.owner;
    return {
      state: state.filter(isTold),
      auth_chain: authChain.filter(isTold),
      members_omitted: true,
      servers_in_room: [...this.servers],
    };
  }

  /** The state before a join, or an event. */
  #tell(asked: string, eventId: string): Json | undefined {
    const ids = (events: readonly JsonObject[]) => events.map(event => idOf(event, this.room.version));
    const pdu = this.signed.authChain.find(event => idOf(event, this.room.version) === eventId);
    if (asked === 'event') return pdu === undefined ? undefined : { pdus: [pdu] };
    const before = this.#before.get(eventId);
    if (before === undefined) return undefined;
    const { state, authChain } = before;
    return asked === 'state'
      ? this.told({ pdus: [...state], auth_chain: [...authChain] })
      : this.told({ pdu_ids: ids(state), auth_chain_ids: ids(authChain) });
  }

  #template(membership: string, user: string): JsonObject {
    const draft = { type: 'm.room.member', sender: user, stateKey: user, content: { membership } };
    const { hashes: _, signatures: __, event_id: ___, ...fields } = this.room.pdu(draft) as JsonObject;
    return fields;
  }
}

function lastOf(uri: string): string {
  return decodeURIComponent(uri.split('/').at(-1) ?? '');
}
