import type { ServerName, UserId } from '../../core/ids.ts';
import { getObject, getOwn, isObject, type Json, type JsonObject } from '../../core/json.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import { checkUploadedKeys } from '../../keys/one-time-keys.ts';
import { UnreachableError } from '../transport/errors.ts';
import type { FederationClient } from '../transport/federation-client.ts';

/** The wanted algorithm by device. */
type WantedDevices = ReadonlyMap<string, string>;
/** Takes the key of a device, by its full name. */
type Take = (userId: UserId, deviceId: string, key: JsonObject) => void;

interface WantedKey {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly algorithm: string;
}

const DEVICES_A_REQUEST = 250;
/** A key and its names; see one-time-keys.ts for what a key may have. */
const BYTES_A_DEVICE = 5 * 1024;
const TIMEOUT_MS = 10_000;

/** Claims one-time keys of devices of other servers (`POST /user/keys/claim`). */
export class ClaimRequests {
  readonly #client: Pick<FederationClient, 'request'>;

  constructor(client: Pick<FederationClient, 'request'>) {
    this.#client = client;
  }

  /**
   * Claims for devices of users of one server. Each key that is what it should be is handed on as soon as it is there:
   * nobody else will ever get it, whatever becomes of the rest.
   *
   * @throws UnreachableError, RefusedError, the reason of `signal`
   */
  async claim(
    server: ServerName,
    users: readonly (readonly [UserId, WantedDevices])[],
    signal: AbortSignal,
    take: Take,
  ): Promise<void> {
    const wanted = users.flatMap(([userId, devices]) =>
      [...devices].map(([deviceId, algorithm]) => ({ userId, deviceId, algorithm })),
    );
    for (let at = 0; at < wanted.length; at += DEVICES_A_REQUEST) {
      const some = wanted.slice(at, at + DEVICES_A_REQUEST);
      const answer = await this.#ask(server, some, signal);
      for (const want of some) {
        const key = keyFor(want, answer);
        if (key !== undefined) take(want.userId, want.deviceId, key);
      }
    }
  }

  async #ask(server: ServerName, wanted: readonly WantedKey[], signal: AbortSignal): Promise<JsonObject> {
    const byUser = Map.groupBy(wanted, ({ userId }) => userId);
    const json = await this.#client.request(server, {
      method: 'POST',
      path: '/_matrix/federation/v1/user/keys/claim',
      body: {
        one_time_keys: Object.fromEntries(
          [...byUser].map(([userId, devices]) => [
            userId,
            Object.fromEntries(devices.map(({ deviceId, algorithm }) => [deviceId, algorithm])),
          ]),
        ),
      },
      timeoutMs: TIMEOUT_MS,
      maxBytes: 64 * 1024 + wanted.length * BYTES_A_DEVICE,
      signal,
    });
    const keys = isObject(json) ? getObject(json, 'one_time_keys') : undefined;
    if (keys === undefined) throw new UnreachableError(server, 'http', 'its answer is without one_time_keys');
    return keys;
  }
}

/** Of what a server answers for a device, one key of the algorithm that was asked for. */
function keyFor({ userId, deviceId, algorithm }: WantedKey, answer: JsonObject): JsonObject | undefined {
  const told = getOwn(getObject(answer, userId) ?? {}, deviceId);
  try {
    // Whether the device has signed it is for the client to say: it knows the device's key for certain.
    const keys = checkUploadedKeys(told, 'one_time_keys', { userId, deviceId, ed25519: undefined });
    const key = keys.find(each => each.algorithm === algorithm);
    return key && { [`${algorithm}:${key.keyId}`]: JSON.parse(key.json) as Json };
  } catch (error) {
    if (error instanceof MatrixError) return undefined;
    throw error;
  }
}
