import type { RoomId, UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';

export interface TypedContent {
  readonly type: string;
  readonly content: JsonObject;
}

export interface UnreadCounts {
  readonly notify: number;
  readonly highlight: number;
}

/** What waits for a device. */
export interface ToDeviceBatch {
  /** With `sender`, `type` and `content`. */
  readonly events: readonly JsonObject[];
  /** The position up to which everything is in the batch. */
  readonly upTo: number;
}

/**
 * What other parts contribute to a sync, each read from a user's log: `after` is a position in it, undefined for all.
 * `main/compose.ts` binds them.
 */
export interface SyncSources {
  globalAccountData(db: Queryable, userNid: number, after: number | undefined): Promise<readonly TypedContent[]>;
  roomAccountData(
    db: Queryable,
    userNid: number,
    after: number | undefined,
  ): Promise<readonly (TypedContent & { readonly roomId: RoomId })[]>;
  /** All of some rooms. */
  accountDataOf(
    db: Queryable,
    userNid: number,
    roomIds: readonly RoomId[],
  ): Promise<readonly (TypedContent & { readonly roomId: RoomId })[]>;
  /** One content of the account as a whole. */
  accountData(db: Queryable, userNid: number, type: string): Promise<JsonObject | undefined>;
  /** How the user has tagged rooms. */
  roomTags(db: Queryable, userNid: number): Promise<ReadonlyMap<RoomId, ReadonlySet<string>>>;
  /** The content of m.push_rules if it changed. */
  pushRules(
    db: Queryable,
    user: { nid: number; id: UserId },
    after: number | undefined,
  ): Promise<JsonObject | undefined>;
  /**
   * Unread counts by room over all threads; `threads` by the root's event ID, `main` among them. Of each room what notifies up
   * to a position of its shard: nobody is told of a count before the messages that are counted.
   */
  unread(
    db: Queryable,
    userNid: number,
    upTo: ReadonlyMap<number, number>,
  ): Promise<ReadonlyMap<number, UnreadCounts & { readonly threads: ReadonlyMap<string, UnreadCounts> }>>;
  /** At most `limit` messages, and no more than the part above gives at once. */
  toDevice(
    db: Queryable,
    userNid: number,
    deviceId: string,
    after: number,
    upTo: number,
    limit?: number,
  ): Promise<ToDeviceBatch>;
  /** The device has everything up to here. */
  acknowledgeToDevice(userNid: number, deviceId: string, upTo: number): Promise<void>;
  oneTimeKeyCounts(db: Queryable, userNid: number, deviceId: string): Promise<JsonObject>;
  unusedFallbackKeyTypes(db: Queryable, userNid: number, deviceId: string): Promise<readonly string[]>;
  /** The numbers of users whose device lists changed for this user alone (their own devices). */
  ownDeviceLists(db: Queryable, userNid: number, after: number, upTo: number): Promise<readonly number[]>;
  ignoredUsers(db: Queryable, userNid: number, userPos: number): Promise<ReadonlySet<string>>;
}
