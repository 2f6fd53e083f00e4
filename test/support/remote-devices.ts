import { generateSeed, signingKeyFromSeed } from '../../src/base/node-crypto.ts';
import { systemRandom } from '../../src/base/random.ts';
import { encodeBase64 } from '../../src/core/base64.ts';
import { domainOf, type ServerName, type UserId } from '../../src/core/ids.ts';
import { getObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { signJson } from '../../src/core/signatures.ts';
import type { Database } from '../../src/db/database.ts';
import { ClaimRequests } from '../../src/federation/devices/claim-requests.ts';
import { doubtAfterDeparture } from '../../src/federation/devices/departures.ts';
import { FederatedKeys } from '../../src/federation/devices/federated-keys.ts';
import { readDeviceChange, readKeysChange } from '../../src/federation/devices/list-changes.ts';
import { ListFollower } from '../../src/federation/devices/list-follower.ts';
import { ListRequests } from '../../src/federation/devices/list-requests.ts';
import { ListResync } from '../../src/federation/devices/list-resync.ts';
import { ListServers } from '../../src/federation/devices/list-servers.ts';
import { type ListRow, listsOf } from '../../src/federation/devices/remote-device-list.table.ts';
import { RemoteLists } from '../../src/federation/devices/remote-lists.ts';
import { RefusedError, UnreachableError } from '../../src/federation/transport/errors.ts';
import type { FederationRequest } from '../../src/federation/transport/federation-client.ts';
import type { RemoteKeyAnswer } from '../../src/keys/ports.ts';
import { deviceListsChanged } from '../../src/rooms/announce.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';
import type { Room } from '../../src/rooms/room.ts';
import { logHeads, refsBetween } from '../../src/rooms/room-log.table.ts';
import { SteppingClock } from './fake-internet.ts';
import { newIdentity, randomKey } from './keys.ts';
import { DORA, joinFrom } from './remote-events.ts';
import { newRoom, roomsOn } from './rooms.ts';

/** A device of a user of whatever server: its signed keys, and what signs with it. */
export function newDevice(userId: UserId, deviceId: string, changes: JsonObject = {}) {
  const signer = signingKeyFromSeed(`ed25519:${deviceId}`, generateSeed(systemRandom));
  const keys = { [`curve25519:${deviceId}`]: randomKey(), [`ed25519:${deviceId}`]: encodeBase64(signer.publicKey) };
  const bare = { user_id: userId, device_id: deviceId, algorithms: ['m.megolm.v1.aes-sha2'], keys, ...changes };
  const sign = (object: JsonObject) => signJson(object, userId, signer);
  return { keys: sign(bare), sign };
}

export function keysOfDevice(userId: UserId, deviceId: string, changes: JsonObject = {}): JsonObject {
  return newDevice(userId, deviceId, changes).keys;
}

/** A user of another server, whose devices that server knows. */
export class RemoteUser {
  readonly id: UserId;
  streamId = 5;
  readonly devices = new Map<string, JsonObject>();
  readonly names = new Map<string, string>();
  identity = newIdentity('nobody');

  constructor(id: UserId, ...deviceIds: string[]) {
    this.id = id;
    this.identity = newIdentity(id);
    for (const deviceId of deviceIds) this.devices.set(deviceId, keysOfDevice(id, deviceId));
  }

  /** Adds or changes a device, and gives the content of the EDU that tells of it. */
  change(deviceId: string, more: JsonObject = {}): JsonObject {
    const keys = keysOfDevice(this.id, deviceId);
    this.devices.set(deviceId, keys);
    return this.#update({ device_id: deviceId, keys, ...more });
  }

  delete(deviceId: string): JsonObject {
    this.devices.delete(deviceId);
    return this.#update({ device_id: deviceId, deleted: true });
  }

  #update(content: JsonObject): JsonObject {
    const prev_id = [this.streamId];
    return { user_id: this.id, stream_id: ++this.streamId, prev_id, ...content };
  }

  /** The answer to `GET /user/devices/{userId}`. */
  get list(): JsonObject {
    const { master_key = {}, self_signing_key = {} } = this.identity.upload;
    const devices = [...this.devices].map(([device_id, keys]) => {
      const device_display_name = this.names.get(device_id);
      return { device_id, keys, ...(device_display_name !== undefined && { device_display_name }) };
    });
    return { user_id: this.id, stream_id: this.streamId, devices, master_key, self_signing_key };
  }
}

export interface Asked {
  readonly server: ServerName;
  readonly method: string;
  readonly path: string;
  readonly body: JsonObject;
}

/** This server's knowledge of the devices of others, and servers that answer from what a test says. */
export class RemoteDevicesWorld {
  readonly rooms: RoomsParts;
  readonly clock = new SteppingClock();
  readonly keys: FederatedKeys;
  readonly client = { request: this.#answer.bind(this) };
  readonly lists: RemoteLists;
  readonly servers: ListServers;
  readonly follower: ListFollower;
  readonly resync: ListResync;
  readonly dora = new RemoteUser(DORA, 'PHONE', 'LAPTOP');
  readonly users = new Map<UserId, RemoteUser>([[DORA, this.dora]]);
  readonly asked: Asked[] = [];
  /** Servers that do not answer. */
  readonly down = new Set<string>();
  /** Answers instead of what the users' devices would give. */
  instead: (asked: Asked) => Json | Promise<Json> | undefined = () => undefined;

  constructor(db: Database, rooms: RoomsParts = roomsOn(db)) {
    this.rooms = { ...rooms, departures: doubtAfterDeparture };
    const common = { ...rooms, clock: this.clock };
    const { client } = this;
    const requests = new ListRequests(client);
    const pace = { initial: 10_000, factor: 2, longest: 3_600_000 };
    this.servers = new ListServers({ ...common, pace });
    const announce = deviceListsChanged.bind(undefined, rooms);
    const { signal } = new AbortController();
    this.lists = new RemoteLists({ ...common, requests, servers: this.servers, announce, signal });
    const { clock, lists, servers } = this;
    this.keys = new FederatedKeys({ clock, lists, servers, requests, claims: new ClaimRequests(client) });
    this.follower = new ListFollower({ ...common, lists, servers });
    this.resync = new ListResync({ ...common, lists, servers });
  }

  /** Ends with its signal, as the real client does. */
  async #answer(server: ServerName, request: FederationRequest): Promise<Json> {
    const { promise, reject } = Promise.withResolvers<never>();
    request.signal?.addEventListener('abort', () => reject(request.signal?.reason));
    return Promise.race([promise, this.#told(server, request)]);
  }

  async #told(server: ServerName, { method, path, body = {} }: FederationRequest): Promise<Json> {
    const asked = { server, method, path: decodeURIComponent(path.replace('/_matrix/federation/v1/user', '')), body };
    this.asked.push(asked);
    if (this.down.has(server)) throw new UnreachableError(server, 'connect', 'it is down');
    const told = await this.instead(asked);
    if (told !== undefined) return told;
    if (asked.path === '/keys/query') return this.#query(getObject(body, 'device_keys') ?? {});
    const user = this.users.get(asked.path.slice('/devices/'.length) as UserId);
    if (user === undefined) throw refusal(server, 404, 'M_NOT_FOUND');
    return user.list;
  }

  #query(wanted: JsonObject): JsonObject {
    const users = Object.keys(wanted).flatMap(userId => this.users.get(userId as UserId) ?? []);
    const named = (key: string) =>
      Object.fromEntries(users.map(({ id, identity }) => [id, identity.upload[key] ?? {}] as const));
    const device_keys = Object.fromEntries(users.map(({ id, devices }) => [id, Object.fromEntries(devices)]));
    return { device_keys, master_keys: named('master_key'), self_signing_keys: named('self_signing_key') };
  }

  /** A room of Alice's with users of the other server. */
  async shared(...users: readonly UserId[]): Promise<Room> {
    const room = await newRoom(this.rooms);
    for (const user of users) await joinFrom(this.rooms, room, user);
    return room;
  }

  query(...users: readonly UserId[]): Promise<RemoteKeyAnswer> {
    return this.ask(new Map(users.map(user => [user, []])));
  }

  /** As a client gets it. */
  async ask(wanted: ReadonlyMap<UserId, readonly string[]>, timeoutMs = 60_000): Promise<RemoteKeyAnswer> {
    const answer = await this.keys.query(wanted, { timeoutMs, signal: new AbortController().signal });
    return JSON.parse(JSON.stringify(answer)) as RemoteKeyAnswer;
  }

  /** The IDs of a user's devices as a client gets them. */
  async devicesOf(user: UserId): Promise<string[]> {
    return Object.keys((await this.query(user)).deviceKeys[user] ?? {}).sort();
  }

  /** Takes the contents of EDUs of the user's server. */
  async receive(...contents: readonly JsonObject[]): Promise<void> {
    await this.follower.receive(
      contents.flatMap(content => {
        const origin = domainOf(DORA);
        return ('stream_id' in content ? readDeviceChange(origin, content) : readKeysChange(origin, content)) ?? [];
      }),
    );
  }

  /** Asks for what is wanted and due, as the server's loop does. */
  async askWanted(): Promise<void> {
    await this.resync.startDue(new AbortController().signal);
    await this.resync.drain();
  }

  async row(user: UserId): Promise<ListRow | undefined> {
    const nid = await this.rooms.nids.users.findOne(this.rooms.db, user);
    return nid === undefined ? undefined : (await listsOf(this.rooms.db, [nid])).get(nid);
  }

  /** How many entries of the room's log tell of a change of the list of a user, and forgets them. */
  async told(room: Room, user: UserId): Promise<boolean> {
    const { db, nids } = this.rooms;
    const upTo = (await logHeads(db))[room.shard] ?? 0;
    const after = this.#seen.get(room.nid) ?? 0;
    this.#seen.set(room.nid, upTo);
    const nid = await nids.users.findOne(db, user);
    return (await refsBetween(db, room.nid, 2, after, upTo)).some(ref => ref === nid);
  }
  readonly #seen = new Map<number, number>();
}

export function refusal(server: ServerName, status: number, errcode: string): RefusedError {
  return new RefusedError(server, { status, errcode, message: 'no', retryAfterMs: undefined, body: {} });
}
