import type { ServerName, UserId } from '../../core/ids.ts';
import { getObject, isObject, type Json } from '../../core/json.ts';
import { RefusedError, UnreachableError } from '../transport/errors.ts';
import type { FederationClient } from '../transport/federation-client.ts';
import { path } from '../transport/request-target.ts';
import { NO_DEVICES, readDeviceList, readQuery, type ToldList } from './told-lists.ts';

/** Up to so many users are asked for one by one: only so the answer says which change is the last one in it. */
const ONE_BY_ONE = 3;
/** Users in one query. */
export const USERS_A_QUERY = 50;
const LIST_BYTES = 2 * 1024 * 1024;
const BYTES_A_USER = 64 * 1024;
const TIMEOUT_MS = 10_000;

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Asks servers for the devices of their users. All of it throws UnreachableError, RefusedError, the reason of `signal`. */
export class ListRequests {
  readonly #client: Pick<FederationClient, 'request'>;

  constructor(client: Pick<FederationClient, 'request'>) {
    this.#client = client;
  }

  /** The whole lists of some users of a server, at most `USERS_A_QUERY`: each of them has one, if an empty one. */
  async lists(
    server: ServerName,
    userIds: readonly UserId[],
    options: AskOptions = {},
  ): Promise<Map<UserId, ToldList>> {
    if (userIds.length <= ONE_BY_ONE) {
      const lists = await Promise.all(userIds.map(userId => this.#listOfOne(server, userId, options)));
      return new Map(userIds.map((userId, at) => [userId, lists[at]!]));
    }
    try {
      return await this.#queryAll(server, userIds, options);
    } catch (error) {
      if (!isRefused(error, [400])) throw error;
      // Perhaps it does not like one of the names: the others shall not suffer.
      const half = Math.ceil(userIds.length / 2);
      const first = await this.lists(server, userIds.slice(0, half), options);
      return new Map([...first, ...(await this.lists(server, userIds.slice(half), options))]);
    }
  }

  /** There are servers that know one of the two ways only, and names that they do not know at all. */
  async #listOfOne(server: ServerName, userId: UserId, options: AskOptions): Promise<ToldList> {
    try {
      return await this.#list(server, userId, options);
    } catch (error) {
      if (!isRefused(error, [400, 403, 404, 405])) throw error;
    }
    try {
      return (await this.#queryAll(server, [userId], options)).get(userId) ?? NO_DEVICES;
    } catch (error) {
      if (isRefused(error, [400])) return NO_DEVICES;
      throw error;
    }
  }

  async #queryAll(server: ServerName, userIds: readonly UserId[], options: AskOptions): Promise<Map<UserId, ToldList>> {
    const lists = await this.query(server, new Map(userIds.map(userId => [userId, []])), options);
    return new Map(userIds.map(userId => [userId, lists.get(userId) ?? NO_DEVICES]));
  }

  /** The devices that are wanted of some users of a server, or all of those with none named. */
  async query(
    server: ServerName,
    wanted: ReadonlyMap<UserId, readonly string[]>,
    options: AskOptions = {},
  ): Promise<Map<UserId, ToldList>> {
    const lists = new Map<UserId, ToldList>();
    const users = [...wanted];
    for (let at = 0; at < users.length; at += USERS_A_QUERY) {
      const some = users.slice(at, at + USERS_A_QUERY);
      for (const [userId, list] of await this.#querySome(server, some, options)) lists.set(userId, list);
    }
    return lists;
  }

  async #querySome(
    server: ServerName,
    users: readonly (readonly [UserId, readonly string[]])[],
    { signal }: AskOptions,
  ): Promise<Map<UserId, ToldList>> {
    const json = await this.#client.request(server, {
      method: 'POST',
      path: '/_matrix/federation/v1/user/keys/query',
      body: { device_keys: Object.fromEntries(users.map(([userId, devices]) => [userId, [...devices]])) },
      timeoutMs: TIMEOUT_MS,
      maxBytes: LIST_BYTES + users.length * BYTES_A_USER,
      ...(signal && { signal }),
    });
    if (!isObject(json) || getObject(json, 'device_keys') === undefined) throw noAnswer(server, 'device_keys');
    return readQuery(
      json,
      users.map(([userId]) => userId),
    );
  }

  async #list(server: ServerName, userId: UserId, { signal }: AskOptions): Promise<ToldList> {
    const json: Json = await this.#client.request(server, {
      method: 'GET',
      path: path`/_matrix/federation/v1/user/devices/${userId}`,
      timeoutMs: TIMEOUT_MS,
      maxBytes: LIST_BYTES,
      ...(signal && { signal }),
    });
    const list = readDeviceList(json, userId);
    if (list === undefined) throw noAnswer(server, 'the device list that it was asked for');
    return list;
  }
}

function noAnswer(server: ServerName, what: string): UnreachableError {
  return new UnreachableError(server, 'http', `its answer is without ${what}`);
}

function isRefused(error: unknown, statuses: readonly number[]): boolean {
  return error instanceof RefusedError && statuses.includes(error.status);
}
