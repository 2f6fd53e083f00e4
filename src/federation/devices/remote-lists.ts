import type { Clock } from '../../base/clock.ts';
import { KeyedQueue } from '../../base/keyed-queue.ts';
import type { ServerName, UserId } from '../../core/ids.ts';
import type { Database, Tx } from '../../db/database.ts';
import type { Nids } from '../../rooms/nids.table.ts';
import { RefusedError, UnreachableError } from '../transport/errors.ts';
import { type ListRequests, USERS_A_QUERY } from './list-requests.ts';
import type { ListServers } from './list-servers.ts';
import { neighbours } from './neighbours.ts';
import {
  ALOUD,
  bytesOfLists,
  type ListOwner,
  type ListRow,
  listsOf,
  lockLists,
  openLists,
  unwantLists,
  wantedOf,
  wantLists,
} from './remote-device-list.table.ts';
import { replaceList, storedLists } from './stored-list.ts';
import type { ToldList } from './told-lists.ts';

export interface RemoteListsParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly requests: Pick<ListRequests, 'lists'>;
  readonly servers: ListServers;
  /** Tells the local users in the rooms of some users that their device lists changed. */
  readonly announce: (tx: Tx, userNids: readonly number[]) => Promise<void>;
  /** Ends the requests that are under way. */
  readonly signal: AbortSignal;
}

export type Owners = ReadonlyMap<UserId, ListOwner>;
export type Lists = Map<UserId, ToldList>;

/** Bytes of lists that are kept; what is above is asked for each time. */
export const MOST_BYTES = 1024 * 1024 * 1024;
const MEASURE_EVERY_MS = 60_000;
/** Requests that wait for their turn at one server. */
const MOST_WAITING = 500;
const USERS_A_READ = 500;

/**
 * Device lists of users of other servers with whom we share rooms (server-server API, "Device Management"): kept as long
 * as their server tells of each change, and asked for anew when it may have told of one that did not arrive.
 */
export class RemoteLists {
  readonly #parts: RemoteListsParts;
  /** One request to a server at a time. */
  readonly #queue = new KeyedQueue(MOST_WAITING);
  #measuredAt = Number.NEGATIVE_INFINITY;
  #isFull = false;

  constructor(parts: RemoteListsParts) {
    this.#parts = parts;
  }

  /**
   * Those of the users whose lists we keep, because they share a room with a local user. What the caller reads hereafter
   * is what clients know, and the next change is told to them again.
   */
  async tracked(userIds: readonly UserId[]): Promise<Map<UserId, ListOwner>> {
    const found = new Map<UserId, ListOwner>();
    for (let at = 0; at < userIds.length; at += USERS_A_READ) {
      const some = await neighbours(this.#parts, this.#parts.db, userIds.slice(at, at + USERS_A_READ));
      await this.#asked([...some.values()]);
      for (const [userId, owner] of some) found.set(userId, owner);
    }
    return found;
  }

  async #asked(owners: readonly ListOwner[]): Promise<void> {
    const { db } = this.#parts;
    const rows = await listsOf(db, nidsOf(owners));
    const first = owners.filter(({ userNid }) => rows.get(userNid)?.told !== 0);
    if (first.length > 0) await db.tx(tx => openLists(tx, first, 'asked'));
  }

  /** The lists of some users that are stored: those which are sure to be as they should be, or all. */
  async stored(owners: Owners, which: 'fresh' | 'any'): Promise<Lists> {
    const lists: Lists = new Map();
    const users = [...owners];
    for (let at = 0; at < users.length; at += USERS_A_READ) {
      const some = users.slice(at, at + USERS_A_READ);
      const rows = await listsOf(this.#parts.db, nidsOf(some.map(([, owner]) => owner)));
      if (which === 'fresh') for (const [userNid, row] of rows) if (row.stale === 1) rows.delete(userNid);
      const byNid = await storedLists(this.#parts.db, rows);
      for (const [userId, { userNid }] of some) {
        const list = byNid.get(userNid);
        if (list !== undefined) lists.set(userId, list);
      }
    }
    return lists;
  }

  /**
   * Asks a server for the lists of some of its users, as far as they are not fresh when it is their turn, and keeps them.
   *
   * @throws UnreachableError, RefusedError, QueueFullError
   */
  refresh(server: ServerName, owners: Owners): Promise<Lists> {
    return this.#queue.run(server, async () => {
      const lists: Lists = new Map();
      const users = [...owners];
      for (let at = 0; at < users.length; at += USERS_A_QUERY) {
        const some = await this.#refreshSome(server, new Map(users.slice(at, at + USERS_A_QUERY)));
        for (const [userId, list] of some) lists.set(userId, list);
      }
      return lists;
    });
  }

  async #refreshSome(server: ServerName, owners: Owners): Promise<Lists> {
    const lists = await this.stored(owners, 'fresh');
    const missing = new Map([...owners].filter(([userId]) => !lists.has(userId)));
    const [first] = missing.values();
    if (first === undefined) return lists;
    // Before the request: what comes in while it is under way makes the answer doubtful.
    const before = await listsOf(this.#parts.db, nidsOf(missing.values()));
    const told = await this.#ask(server, first.domainNid, [...missing.keys()]);
    await this.#keep(first.domainNid, missing, before, told);
    for (const [userId, list] of told) lists.set(userId, list);
    return lists;
  }

  async #ask(server: ServerName, domainNid: number, userIds: readonly UserId[]): Promise<Lists> {
    const { requests, servers, signal } = this.#parts;
    const record = await servers.askable(server, domainNid);
    try {
      return await requests.lists(server, userIds, { signal });
    } catch (error) {
      if (error instanceof UnreachableError || error instanceof RefusedError)
        await servers.failed(domainNid, record?.failures ?? 0, error);
      throw error;
    }
  }

  async #keep(
    domainNid: number,
    owners: Owners,
    before: ReadonlyMap<number, ListRow>,
    told: ReadonlyMap<UserId, ToldList>,
  ): Promise<void> {
    const hasRoom = await this.#hasRoom();
    const userNids = nidsOf(owners.values());
    await this.#parts.db.tx(async tx => {
      const rows = await lockLists(tx, userNids);
      if (!hasRoom) await unwantLists(tx, userNids);
      const news: ListOwner[] = [];
      for (const [userId, owner] of owners) {
        const row = rows.get(owner.userNid);
        const list = told.get(userId);
        if (row === undefined || list === undefined) continue;
        const isFresh = row.doubts === before.get(owner.userNid)?.doubts;
        const state = isFresh ? { stale: 0, wanted: 0 } : { stale: 1, wanted: row.wanted };
        const isNew = !hasRoom || (await replaceList(tx, row, list, state));
        // Whoever was given an old list hears of the new one; whoever was told of a change asks by themselves.
        if (isNew && row.wanted === ALOUD && row.told === 0) news.push(owner);
      }
      await this.#answered(tx, domainNid, userNids);
      if (news.length > 0) await this.announce(tx, news);
    });
  }

  async #answered(tx: Tx, domainNid: number, userNids: readonly number[]): Promise<void> {
    const wanted = await wantedOf(tx, domainNid, userNids.length + 1);
    const more = wanted.some(userNid => !userNids.includes(userNid));
    await this.#parts.servers.answered(tx, domainNid, wanted.length === 0 ? 'nothing' : more ? 'more' : 'the same');
  }

  /** Tells clients of changed lists. */
  async announce(tx: Tx, owners: readonly ListOwner[]): Promise<void> {
    await openLists(tx, owners, 'told');
    await this.#parts.announce(tx, nidsOf(owners));
  }

  /** Clients were given what was there, or nothing: they hear of it when the lists have been had. */
  async owe(owners: Owners): Promise<void> {
    await this.#parts.db.tx(async tx => {
      const rows = await lockLists(tx, nidsOf(owners.values()));
      const had = [...owners.values()].filter(({ userNid }) => rows.get(userNid)?.stale === 0);
      await wantLists(
        tx,
        [...rows.values()].filter(row => row.stale === 1).map(row => row.user_nid),
        ALOUD,
      );
      await this.#parts.servers.want(tx, new Set([...rows.values()].map(row => row.domain_nid)));
      if (had.length > 0) await this.announce(tx, had);
    });
  }

  async #hasRoom(): Promise<boolean> {
    const { db, clock } = this.#parts;
    if (clock.monotonic() - this.#measuredAt >= MEASURE_EVERY_MS) {
      this.#measuredAt = clock.monotonic();
      this.#isFull = (await bytesOfLists(db)) > MOST_BYTES;
    }
    return !this.#isFull;
  }
}

function nidsOf(owners: Iterable<ListOwner>): number[] {
  return [...owners].map(({ userNid }) => userNid);
}
