import type { Bus } from '../bus/bus.ts';
import { isUserId, type RoomId, type UserId } from '../core/ids.ts';
import { getObject, type JsonObject } from '../core/json.ts';
import { invalidParam, MatrixError, notFound } from '../core/matrix-error.ts';
import { utf8Length } from '../core/utf8.ts';
import type { Database, Tx } from '../db/database.ts';
import { nextUserPos } from '../rooms/user-log.table.ts';
import { addDataBytes, setDataBytes } from './account.table.ts';
import {
  type AccountDataItem,
  allGlobal,
  deleteAccountData,
  deleteRoomData,
  oneItem,
  oneItemText,
  putItem,
  type RoomAccountDataItem,
  replaceIgnored,
  roomSince,
} from './account-data.table.ts';

/** Types that only the server writes (client-server API, "Client Config", server behaviour). */
const SERVER_TYPES = new Set(['m.fully_read', 'm.push_rules']);
const MAX_ITEM_BYTES = 64 * 1024;
const MAX_TYPE_BYTES = 255;
/** What an item counts beside its type and content, so that many small ones are bounded too. */
const ITEM_OVERHEAD = 200;
const MAX_TAG_BYTES = 255;

export const IGNORED_USERS = 'm.ignored_user_list';

/** Data that clients keep with the account, as a whole or for a room. Types are plain data here. */
export class AccountData {
  readonly #db: Database;
  readonly #bus: Bus;
  readonly #maxBytes: number;

  constructor(db: Database, bus: Bus, maxBytes: number) {
    this.#db = db;
    this.#bus = bus;
    this.#maxBytes = maxBytes;
  }

  /** @throws MatrixError M_NOT_FOUND */
  async get(userNid: number, roomId: RoomId | undefined, type: string): Promise<JsonObject> {
    const content = await oneItem(this.#db, userNid, roomId, type);
    if (content === undefined) throw notFound('There is no account data of this type.');
    return content;
  }

  /** Everything there is, for administrators. */
  async everything(
    userNid: number,
  ): Promise<{ readonly global: readonly AccountDataItem[]; readonly rooms: readonly RoomAccountDataItem[] }> {
    return { global: await allGlobal(this.#db, userNid), rooms: await roomSince(this.#db, userNid, 0) };
  }

  /** What a client writes. @throws MatrixError M_BAD_JSON (405) for types of the server, M_TOO_LARGE, M_INVALID_PARAM */
  async set(userNid: number, roomId: RoomId | undefined, type: string, content: JsonObject): Promise<void> {
    if (SERVER_TYPES.has(type)) {
      throw new MatrixError('M_BAD_JSON', `Cannot set ${type} through this API.`, { status: 405 });
    }
    await this.#db.tx(tx => this.write(tx, userNid, roomId, type, content));
  }

  /** Writes any type, the server's own too, and wakes the user's clients. @throws MatrixError M_TOO_LARGE */
  async write(tx: Tx, userNid: number, roomId: RoomId | undefined, type: string, content: JsonObject): Promise<void> {
    if (utf8Length(type) > MAX_TYPE_BYTES || type === '') {
      throw invalidParam(`The type of account data has 1 to ${MAX_TYPE_BYTES} bytes.`);
    }
    const text = JSON.stringify(content);
    const bytes = utf8Length(text);
    if (bytes > MAX_ITEM_BYTES) {
      throw new MatrixError('M_TOO_LARGE', `Account data of one type has at most ${MAX_ITEM_BYTES} bytes.`);
    }
    const pos = await nextUserPos(tx, this.#bus, userNid);
    const before = await oneItemText(tx, userNid, roomId, type);
    const added = before === undefined ? utf8Length(type) + bytes + ITEM_OVERHEAD : bytes - utf8Length(before);
    await this.#count(tx, userNid, added);
    await putItem(tx, userNid, roomId, { type, pos, content: text });
    if (type === IGNORED_USERS && roomId === undefined) await replaceIgnored(tx, userNid, ignoredIn(content));
  }

  async #count(tx: Tx, userNid: number, added: number): Promise<void> {
    const total = await addDataBytes(tx, userNid, added);
    if (total === undefined) throw notFound('There is no such user on this server.');
    if (added > 0 && total > this.#maxBytes) {
      // For callers that go on in the same transaction without it.
      await addDataBytes(tx, userNid, -added);
      throw new MatrixError('M_TOO_LARGE', `The account data of a user has at most ${this.#maxBytes} bytes.`);
    }
  }

  /** The tags of a room, each with what is known of it. */
  async tags(userNid: number, roomId: RoomId): Promise<JsonObject> {
    return tagsIn(await oneItem(this.#db, userNid, roomId, 'm.tag'));
  }

  /** @throws MatrixError M_INVALID_PARAM, M_TOO_LARGE */
  async setTag(userNid: number, roomId: RoomId, tag: string, about: JsonObject): Promise<void> {
    if (utf8Length(tag) > MAX_TAG_BYTES) throw invalidParam(`A tag has at most ${MAX_TAG_BYTES} bytes.`);
    await this.#changeTags(userNid, roomId, tags => [...tags.filter(([name]) => name !== tag), [tag, about]]);
  }

  async removeTag(userNid: number, roomId: RoomId, tag: string): Promise<void> {
    await this.#changeTags(userNid, roomId, tags => tags.filter(([name]) => name !== tag));
  }

  /** Tags are pairs while they are changed: a tag can have any name, `__proto__` too. */
  async #changeTags(
    userNid: number,
    roomId: RoomId,
    change: (tags: [string, JsonObject[string]][]) => [string, JsonObject[string]][],
  ): Promise<void> {
    await this.#db.tx(async tx => {
      // Locks the user, so that of two changes at once none is lost.
      await addDataBytes(tx, userNid, 0);
      const before = tagsIn(await oneItem(tx, userNid, roomId, 'm.tag'));
      const tags = Object.fromEntries(change(Object.entries(before)));
      await this.write(tx, userNid, roomId, 'm.tag', { tags });
    });
  }

  /** Forgets what belongs to a room that is deleted. */
  async removeOfRoom(tx: Tx, userNid: number, roomId: RoomId): Promise<void> {
    const gone = await deleteRoomData(tx, userNid, roomId);
    const bytes = gone.reduce(
      (sum, { type, content }) => sum + utf8Length(type) + utf8Length(content) + ITEM_OVERHEAD,
      0,
    );
    if (bytes > 0) await addDataBytes(tx, userNid, -bytes);
  }

  /** Forgets everything, for a user who wants to be forgotten. */
  async removeAll(tx: Tx, userNid: number): Promise<void> {
    await deleteAccountData(tx, userNid);
    await setDataBytes(tx, userNid, 0);
  }
}

function tagsIn(content: JsonObject | undefined): JsonObject {
  return (content === undefined ? undefined : getObject(content, 'tags')) ?? {};
}

function ignoredIn(content: JsonObject): UserId[] {
  return Object.keys(getObject(content, 'ignored_users') ?? {}).filter(isUserId);
}
