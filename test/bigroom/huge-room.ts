import { createHash } from 'node:crypto';
import { nodeCrypto, signingKeyFromSeed } from '../../src/base/node-crypto.ts';
import type { SigningKey } from '../../src/core/crypto.ts';
import type { Event } from '../../src/core/event.ts';
import type { EventId } from '../../src/core/ids.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { signEvent } from '../../src/core/signatures.ts';
import { TestRoom } from '../support/room-builder.ts';

/** What was told of the state before a join, as text. */
export interface ToldState {
  readonly ids: string;
  readonly whole: string;
  /** Without members, as `send_join` gives it with `omit_members`. */
  readonly withoutMembers: string;
}

const VERSION = '10';
/** Of so many members one has changed its name since it came. */
const RENAMED = 7;

/** The key of a server: the same in every run. */
export function keyOf(server: string): SigningKey {
  return signingKeyFromSeed('ed25519:a_1', createHash('sha256').update(server).digest());
}

/** An event and the server that sends it. */
export interface Said {
  readonly server: string;
  readonly id: EventId;
  readonly pdu: Json;
}

/** A public room with users on many servers, every event of which is signed by its sender's server. */
export class HugeRoom {
  readonly id: string;
  readonly servers: readonly string[];
  readonly told: ToldState;
  readonly #room = new TestRoom(VERSION, 'huge');
  readonly #keys = new Map<string, SigningKey>();
  readonly #texts = new Map<EventId, string>();
  /** Those who joined last, all at once. */
  #joined: readonly Event[] = [];

  /** The owner is on the first of the servers, and on each of them is one of the users at least. */
  constructor(servers: readonly string[], users: number) {
    this.servers = servers;
    for (const server of servers) this.#keys.set(server, keyOf(server));
    this.#found(servers[0]!, users);
    for (let at = 1; at < users; at++) {
      const user = `@user${at}:${servers[at % servers.length]}`;
      this.#room.member(user, 'join', user, { displayname: `User number ${at}` });
      if (at % RENAMED === 0) this.#room.member(user, 'join', user, { displayname: `User ${at} renamed` });
    }
    this.id = this.#room.roomId;
    this.told = this.#tell();
  }

  get version(): string {
    return VERSION;
  }

  #found(server: string, users: number): void {
    const owner = `@owner:${server}`;
    const content = { room_version: VERSION, creator: owner };
    const roomId = `!huge${users}:${server}`;
    this.#room.send({ type: 'm.room.create', sender: owner, stateKey: '', content, roomId });
    this.#room.member(owner, 'join');
    this.#room.levels({ users: { [owner]: 100 }, invite: 0 }, owner);
    this.#room.joinRule('public', owner);
    this.#room.send({ type: 'm.room.name', sender: owner, stateKey: '', content: { name: `${users} users` } });
  }

  /** What a user who wants to join is to fill in and sign. */
  template(user: string): JsonObject {
    const draft = { type: 'm.room.member', sender: user, stateKey: user, content: { membership: 'join' } };
    const { hashes: _, signatures: __, ...fields } = this.#room.pdu(draft) as JsonObject;
    return fields;
  }

  /** An event of another server has come. */
  accept(pdu: JsonObject): void {
    const { id } = this.#room.accept(pdu);
    this.#texts.set(id, JSON.stringify(pdu));
  }

  /** People who were not in the room yet join it, each from a server of its own, at the same time. */
  join(first: number, count: number): Said[] {
    const newest = this.#joined.at(-1) === this.#room.last ? this.#joined : [this.#room.last!];
    const prev = newest.map(({ id }) => id);
    const users = Array.from({ length: count }, (_, at) => [first + at, this.#server(first + at)] as const);
    this.#joined = users.map(([at, server]) => {
      const sender = `@late${at}:${server}`;
      const content = { membership: 'join', displayname: `Late user ${at}` };
      return this.#room.send({ type: 'm.room.member', sender, stateKey: sender, content, prev });
    });
    return this.#joined.map(event => this.#said(event));
  }

  #server(at: number): string {
    return this.servers[at % this.servers.length]!;
  }

  /** A message of a member, and the server that sends it. */
  say(at: number, body: string): Said {
    const members = this.#members;
    const sender = members[at % members.length]!.stateKey!;
    return this.#said(this.#room.send({ type: 'm.room.message', sender, content: { msgtype: 'm.text', body } }));
  }

  #said({ id, sender }: Event): Said {
    return { server: serverOf(sender), id, pdu: JSON.parse(this.text(id)!) as Json };
  }

  /** An event as its server sends it. */
  text(id: string): string | undefined {
    const known = this.#texts.get(id as EventId);
    const event = this.#room.events.get(id as EventId);
    if (known !== undefined || event === undefined) return known;
    const server = serverOf(event.sender);
    const key = this.#keys.get(server)!;
    const text = JSON.stringify(signEvent(event.pdu as JsonObject, event.version, server, key, nodeCrypto));
    this.#texts.set(event.id, text);
    return text;
  }

  get #members(): Event[] {
    return [...this.#room.state.values()].filter(event => event.type === 'm.room.member' && this.#isTheirs(event));
  }

  #isTheirs({ sender }: Event): boolean {
    return this.#keys.has(serverOf(sender));
  }

  #tell(): ToldState {
    const state = [...this.#room.state.values()];
    const lean = state.filter(({ type }) => type !== 'm.room.member');
    const texts = (events: readonly Event[]) => events.map(({ id }) => this.text(id)).join(',');
    const chain = this.#authChain(state);
    return {
      ids: JSON.stringify({ pdu_ids: state.map(({ id }) => id), auth_chain_ids: chain.map(({ id }) => id) }),
      whole: `{"pdus":[${texts(state)}],"auth_chain":[${texts(chain)}]}`,
      withoutMembers: `"state":[${texts(lean)}],"auth_chain":[${texts(this.#authChain(lean))}]`,
    };
  }

  #authChain(events: readonly Event[]): Event[] {
    const chain = new Set<EventId>();
    const left = events.flatMap(({ authIds }) => authIds);
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      if (chain.has(id)) continue;
      chain.add(id);
      left.push(...this.#room.events.get(id)!.authIds);
    }
    return [...chain].map(id => this.#room.events.get(id)!);
  }
}

function serverOf(user: string): string {
  return user.slice(user.indexOf(':') + 1);
}
