import { nodeCrypto } from '../../src/base/node-crypto.ts';
import type { Event } from '../../src/core/event.ts';
import type { Identity } from '../../src/core/identity.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { signEvent } from '../../src/core/signatures.ts';
import { TestRoom } from './room-builder.ts';

/** A public room made by hand whose events are signed by their senders' servers, as another server would tell it. */
export class SignedRoom {
  readonly room: TestRoom;
  readonly owner: string;
  readonly #owning: Identity;
  readonly #signers = new Map<string, Identity>();

  constructor(owning: Identity, version: string) {
    this.#owning = owning;
    this.owner = `@owner:${owning.serverName}`;
    this.room = new TestRoom(version);
    this.addServer(owning);
    this.#found(version);
    this.room.member(this.owner, 'join');
    this.room.levels({ users: this.room.version.creatorsHaveInfinitePower ? {} : { [this.owner]: 100 } }, this.owner);
    this.room.joinRule('public', this.owner);
  }

  #found(room_version: string): void {
    const { creatorIsSender, roomIdIsCreateHash } = this.room.version;
    const content = { room_version, ...(creatorIsSender ? {} : { creator: this.owner }) };
    const named = roomIdIsCreateHash ? {} : { roomId: `!made${room_version}:${this.#owning.serverName}` };
    this.room.send({ type: 'm.room.create', sender: this.owner, stateKey: '', content, ...named });
  }

  /** A server whose users may be in the room. */
  addServer(identity: Identity): void {
    this.#signers.set(identity.serverName, identity);
  }

  /** An event signed by its sender's server; in the name of the owner's where nothing else is known. */
  signed(event: Event | JsonObject): JsonObject {
    const pdu = ('authIds' in event ? event.pdu : event) as JsonObject;
    const server = String(pdu.sender).replace(/^[^:]*:/, '');
    const signer = this.#signers.get(server) ?? this.#owning;
    return signEvent(pdu, this.room.version, signer.serverName, signer.signingKey, nodeCrypto);
  }

  /** The state, signed. */
  get state(): JsonObject[] {
    return [...this.room.state.values()].map(event => this.signed(event));
  }

  /** All events that are state, or were, signed. */
  get authChain(): JsonObject[] {
    return [...this.room.events.values()]
      .filter(event => event.stateKey !== undefined)
      .map(event => this.signed(event));
  }
}
