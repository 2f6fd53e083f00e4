import type { TestContext } from 'node:test';
import type { Requester } from '../../src/accounts/requester.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { generateSeed, signingKeyFromSeed } from '../../src/base/node-crypto.ts';
import { systemRandom } from '../../src/base/random.ts';
import { LocalBus } from '../../src/bus/bus.ts';
import { encodeBase64 } from '../../src/core/base64.ts';
import type { SigningKey } from '../../src/core/crypto.ts';
import type { ServerName, UserId } from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { MatrixError } from '../../src/core/matrix-error.ts';
import { signJson } from '../../src/core/signatures.ts';
import type { Database } from '../../src/db/database.ts';
import { keysRoutes } from '../../src/http/client/keys/routes.ts';
import { roomKeysRoutes } from '../../src/http/client/room-keys/routes.ts';
import { toDeviceRoutes } from '../../src/http/client/to-device/routes.ts';
import { HttpServer } from '../../src/http/server.ts';
import { buildKeys, type Keys } from '../../src/keys/keys.ts';
import type { KeyParts } from '../../src/keys/parts.ts';
import type { DeviceNames } from '../../src/keys/ports.ts';
import { Nids } from '../../src/rooms/nids.table.ts';
import { testBudget } from './budget.ts';

export const SERVER = 'copse.example' as ServerName;

/** The answer to a request, its body parsed. */
export interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

/** A device with real keys, as a client has it. */
export class TestDevice {
  readonly requester: Requester;
  readonly signer: SigningKey;
  readonly curve25519 = randomKey();
  readonly #world: KeysWorld;

  constructor(world: KeysWorld, requester: Requester) {
    this.#world = world;
    this.requester = requester;
    this.signer = signingKeyFromSeed(`ed25519:${requester.deviceId}`, generateSeed(systemRandom));
  }

  get userId(): UserId {
    return this.requester.userId;
  }

  get id(): string {
    return this.requester.deviceId ?? '';
  }

  /** Calls an endpoint below `/_matrix/client/v3` as this device. */
  call(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: JsonObject): Promise<Answer> {
    return this.#world.call(this, method, path, body);
  }

  /** Signed device keys, with changes made before signing. */
  deviceKeys(changes: JsonObject = {}): JsonObject {
    return this.sign(this.bareDeviceKeys(changes));
  }

  bareDeviceKeys(changes: JsonObject = {}): JsonObject {
    return {
      user_id: this.userId,
      device_id: this.id,
      algorithms: ['m.olm.v1.curve25519-aes-sha2', 'm.megolm.v1.aes-sha2'],
      keys: { [`curve25519:${this.id}`]: this.curve25519, [`ed25519:${this.id}`]: encodeBase64(this.signer.publicKey) },
      ...changes,
    };
  }

  sign(object: JsonObject): JsonObject {
    return signJson(object, this.userId, this.signer);
  }

  /** Signed one-time keys with the given IDs. */
  oneTimeKeys(...ids: string[]): JsonObject {
    return Object.fromEntries(ids.map(id => [`signed_curve25519:${id}`, this.sign({ key: randomKey() })]));
  }

  async publish(...oneTimeKeys: string[]): Promise<void> {
    const body = { device_keys: this.deviceKeys(), one_time_keys: this.oneTimeKeys(...oneTimeKeys) };
    const answer = await this.call('POST', '/keys/upload', body);
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  }

  async query(userId: string): Promise<JsonObject> {
    return (await this.call('POST', '/keys/query', { device_keys: { [userId]: [] } })).body;
  }

  async claim(device: TestDevice): Promise<string | undefined> {
    const body = { one_time_keys: { [device.userId]: { [device.id]: 'signed_curve25519' } } };
    const answer = await this.call('POST', '/keys/claim', body);
    const claimed = answer.body.one_time_keys as { [user: string]: { [device: string]: JsonObject } };
    return Object.keys(claimed[device.userId]?.[device.id] ?? {})[0];
  }
}

/** The three cross-signing keys of a user. */
export interface TestIdentity {
  readonly master: SigningKey;
  readonly selfSigning: SigningKey;
  readonly userSigning: SigningKey;
  /** The body of an upload of all three. */
  readonly upload: JsonObject;
}

/** 32 random bytes, as a public key looks. */
export function randomKey(): string {
  return encodeBase64(systemRandom.bytes(32));
}

/** A key that is named by itself, as cross-signing keys are. */
export function selfNamedKey(): SigningKey {
  const seed = generateSeed(systemRandom);
  const name = encodeBase64(signingKeyFromSeed('ed25519:any', seed).publicKey);
  return signingKeyFromSeed(`ed25519:${name}`, seed);
}

export function nameOf(key: SigningKey): string {
  return key.keyId.slice('ed25519:'.length);
}

export function crossSigningKey(userId: string, usage: string, key: SigningKey): JsonObject {
  return { user_id: userId, usage: [usage], keys: { [key.keyId]: nameOf(key) } };
}

export function newIdentity(userId: string, master = selfNamedKey()): TestIdentity {
  const [selfSigning, userSigning] = [selfNamedKey(), selfNamedKey()];
  const upload = {
    master_key: crossSigningKey(userId, 'master', master),
    self_signing_key: signJson(crossSigningKey(userId, 'self_signing', selfSigning), userId, master),
    user_signing_key: signJson(crossSigningKey(userId, 'user_signing', userSigning), userId, master),
  };
  return { master, selfSigning, userSigning, upload };
}

/** The keys part and its endpoints on a database, with users and devices to play with. */
export class KeysWorld {
  readonly db: Database;
  readonly nids = new Nids(testBudget());
  readonly keys: Keys;
  readonly parts: KeyParts;
  readonly #devices = new Map<number, Map<string, string | undefined>>();
  readonly #byToken = new Map<string, Requester>();
  readonly #server: HttpServer;
  /** Whose rooms were told of a device list change. */
  readonly announced: number[] = [];
  /** How often somebody was asked for a password, and whether it was given. */
  readonly auth = { asked: 0, used: 0, passes: false };

  constructor(db: Database, t: TestContext, more: Partial<KeyParts> = {}) {
    this.db = db;
    this.parts = {
      db,
      nids: this.nids,
      bus: new LocalBus(error => {
        throw error;
      }),
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      budget: testBudget(),
      serverName: SERVER,
      devices: { of: async () => this.#devices as ReadonlyMap<number, DeviceNames> },
      rooms: {
        deviceListChanged: async (tx, userNid) => {
          tx.afterCommit(() => this.announced.push(userNid));
        },
      },
      ...more,
    };
    this.keys = buildKeys(this.parts);
    this.#server = this.#serve();
    t.after(() => this.#server.close());
  }

  #serve(): HttpServer {
    const server = new HttpServer({
      log: silentLog,
      trustedProxies: [],
      countRequest: () => undefined,
      authenticate: async token => {
        const requester = this.#byToken.get(token);
        if (requester === undefined) throw new MatrixError('M_UNKNOWN_TOKEN', 'Who are you?');
        return requester;
      },
    });
    const interactiveAuth = {
      require: async () => {
        this.auth.asked++;
        if (!this.auth.passes) throw new MatrixError('M_UNAUTHORIZED', 'challenge', { fields: { flows: [] } });
        return async () => {
          this.auth.used++;
        };
      },
    };
    const deviceListChanges = {
      between: async (user: Requester, from: string, to: string) => ({
        changed: [user.userId],
        left: [`@${from}.${to}:${SERVER}` as UserId],
      }),
    };
    server.add(keysRoutes({ keys: this.keys, interactiveAuth, deviceListChanges }));
    server.add(roomKeysRoutes({ keys: this.keys }));
    server.add(toDeviceRoutes({ keys: this.keys }));
    return server;
  }

  async device(name: string, deviceId: string, displayName?: string): Promise<TestDevice> {
    const userId = `@${name}:${SERVER}` as UserId;
    const userNid = await this.db.tx(tx => this.nids.users.internOne(tx, userId));
    const devices = this.#devices.get(userNid) ?? new Map<string, string | undefined>();
    this.#devices.set(userNid, devices.set(deviceId, displayName));
    const requester: Requester = {
      userId,
      userNid,
      deviceId,
      isAdmin: false,
      isGuest: false,
      isSuspended: false,
      tokenNid: undefined,
      appservice: undefined,
    };
    this.#byToken.set(tokenOf(requester), requester);
    return new TestDevice(this, requester);
  }

  async call(device: TestDevice, method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: JsonObject) {
    const answer = await this.#server.app.inject({
      method,
      url: `/_matrix/client/v3${path}`,
      headers: { authorization: `Bearer ${tokenOf(device.requester)}` },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: JSON.parse(answer.body) as JsonObject };
  }
}

function tokenOf(requester: Requester): string {
  return `${requester.userId}/${requester.deviceId}`;
}
