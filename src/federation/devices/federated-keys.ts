import type { Clock } from '../../base/clock.ts';
import { QueueFullError } from '../../base/keyed-queue.ts';
import { domainOf, type ServerName, type UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type {
  ByUser,
  Failures,
  RemoteClaimAnswer,
  RemoteKeyAnswer,
  RemoteKeys,
  RemoteOptions,
} from '../../keys/ports.ts';
import { emptyMap } from '../../keys/stored-json.ts';
import { Deadline } from '../transport/deadline.ts';
import { RefusedError, UnreachableError } from '../transport/errors.ts';
import type { ClaimRequests } from './claim-requests.ts';
import type { ListRequests } from './list-requests.ts';
import type { ListServers } from './list-servers.ts';
import type { Lists, Owners, RemoteLists } from './remote-lists.ts';
import type { ToldDevice, ToldList } from './told-lists.ts';

export interface FederatedKeysParts {
  readonly clock: Clock;
  readonly lists: RemoteLists;
  readonly servers: Pick<ListServers, 'requireRested'>;
  readonly requests: Pick<ListRequests, 'query'>;
  readonly claims: ClaimRequests;
}

type Wanted = ReadonlyMap<UserId, readonly string[]>;

/** What a client asks for of users of other servers, from the lists that we keep or from their servers. */
export class FederatedKeys implements RemoteKeys {
  readonly #parts: FederatedKeysParts;

  constructor(parts: FederatedKeysParts) {
    this.#parts = parts;
  }

  async query(wanted: Wanted, options: RemoteOptions): Promise<RemoteKeyAnswer> {
    using deadline = new Deadline(this.#parts.clock, options.timeoutMs, options.signal);
    const { lists } = this.#parts;
    const tracked = await lists.tracked([...wanted.keys()]);
    const answer = new Answer(wanted);
    answer.add(await lists.stored(tracked, 'fresh'));
    const missing = [...wanted.keys()].filter(userId => !answer.has(userId));
    const byServer = Map.groupBy(missing, domainOf);
    await Promise.all(
      [...byServer].map(([server, users]) => this.#askServer(server, users, tracked, deadline, answer)),
    );
    return answer;
  }

  async #askServer(
    server: ServerName,
    userIds: readonly UserId[],
    tracked: Owners,
    deadline: Deadline,
    answer: Answer,
  ): Promise<void> {
    const owners: Owners = new Map(userIds.flatMap(userId => entry(userId, tracked.get(userId))));
    const strangers: Wanted = new Map(
      userIds.filter(userId => !owners.has(userId)).map(userId => [userId, answer.wantedOf(userId)]),
    );
    await Promise.all([
      owners.size > 0 && this.#askFor(owners, server, deadline, answer),
      strangers.size > 0 && this.#askAboutStrangers(strangers, server, deadline, answer),
    ]);
  }

  async #askFor(owners: Owners, server: ServerName, deadline: Deadline, answer: Answer): Promise<void> {
    const { lists } = this.#parts;
    try {
      answer.add(await deadline.wait(lists.refresh(server, owners)));
    } catch (error) {
      answer.failed(server, reasonFor(error, deadline));
      // The last that was known: better than nothing, and the failure says that there may be more.
      answer.add(await lists.stored(owners, 'any'));
      await lists.owe(owners);
    }
  }

  async #askAboutStrangers(wanted: Wanted, server: ServerName, deadline: Deadline, answer: Answer): Promise<void> {
    try {
      answer.add(await this.#parts.requests.query(server, wanted, { signal: deadline.signal }));
    } catch (error) {
      answer.failed(server, reasonFor(error, deadline));
    }
  }

  async claim(
    wanted: ReadonlyMap<UserId, ReadonlyMap<string, string>>,
    options: RemoteOptions,
  ): Promise<RemoteClaimAnswer> {
    using deadline = new Deadline(this.#parts.clock, options.timeoutMs, options.signal);
    const oneTimeKeys: ByUser<{ [deviceId: string]: JsonObject }> = emptyMap();
    const failures: Failures = {};
    const byServer = Map.groupBy(wanted, ([userId]) => domainOf(userId));
    const ask = async ([server, users]: readonly [ServerName, (readonly [UserId, ReadonlyMap<string, string>])[]]) => {
      try {
        await this.#parts.servers.requireRested(server);
        await this.#parts.claims.claim(server, users, deadline.signal, (userId, deviceId, key) => {
          oneTimeKeys[userId] ??= emptyMap();
          oneTimeKeys[userId][deviceId] = key;
        });
      } catch (error) {
        failures[server] = reasonFor(error, deadline);
      }
    };
    await Promise.all([...byServer].map(ask));
    return { oneTimeKeys, failures };
  }
}

/** Collects what is answered: of each user what was wanted. */
class Answer implements RemoteKeyAnswer {
  readonly deviceKeys: ByUser<{ [deviceId: string]: JsonObject }> = emptyMap();
  readonly masterKeys: ByUser<JsonObject> = emptyMap();
  readonly selfSigningKeys: ByUser<JsonObject> = emptyMap();
  readonly failures: Failures = {};
  readonly #wanted: Wanted;

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  has(userId: UserId): boolean {
    return this.deviceKeys[userId] !== undefined;
  }

  wantedOf(userId: UserId): readonly string[] {
    return this.#wanted.get(userId) ?? [];
  }

  add(lists: Lists): void {
    for (const [userId, list] of lists) this.#addOne(userId, list);
  }

  #addOne(userId: UserId, { devices, masterKey, selfSigningKey }: ToldList): void {
    const wanted = this.wantedOf(userId);
    const ofUser: { [deviceId: string]: JsonObject } = emptyMap();
    for (const device of devices)
      if (wanted.length === 0 || wanted.includes(device.deviceId)) ofUser[device.deviceId] = keysOf(device);
    this.deviceKeys[userId] = ofUser;
    if (masterKey !== undefined) this.masterKeys[userId] = JSON.parse(masterKey) as JsonObject;
    if (selfSigningKey !== undefined) this.selfSigningKeys[userId] = JSON.parse(selfSigningKey) as JsonObject;
  }

  failed(server: ServerName, reason: JsonObject): void {
    this.failures[server] = reason;
  }
}

function keysOf({ text, displayName }: ToldDevice): JsonObject {
  const unsigned = displayName === undefined ? {} : { device_display_name: displayName };
  return { ...(JSON.parse(text) as JsonObject), unsigned };
}

function entry<K, V>(key: K, value: V | undefined): [K, V][] {
  return value === undefined ? [] : [[key, value]];
}

/** Why a server has no answer for a client. @throws what is no failure of the server's */
function reasonFor(error: unknown, deadline: Deadline): JsonObject {
  if (error instanceof RefusedError)
    return { errcode: error.errcode ?? 'M_UNKNOWN', error: error.message, status: error.status };
  const isTheirs = error instanceof UnreachableError || error instanceof QueueFullError;
  if (!isTheirs && error !== deadline.signal.reason) throw error;
  return { errcode: 'M_UNKNOWN', error: error instanceof Error ? error.message : String(error), status: 503 };
}
