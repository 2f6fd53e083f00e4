import type { JsonObject } from '../core/json.ts';
import { invalidParam, MatrixError, notFound } from '../core/matrix-error.ts';
import { utf8Length } from '../core/utf8.ts';
import type { Database, Queryable, Tx } from '../db/database.ts';
import {
  type BackupRow,
  countChange,
  currentBackup,
  deleteBackup,
  deleteSessions,
  findBackup,
  insertBackup,
  putSessions,
  readSessions,
  type SessionRow,
  type SessionScope,
  sessionsWithIds,
  setAuthData,
} from './backup.table.ts';
import { replacesSession } from './backup-rule.ts';
import { type BackupRooms, rankOf, rowsOfRoom, sessionText } from './backup-session.ts';
import { lockUser } from './user-lock.table.ts';

const MAX_AUTH_DATA_BYTES = 64 * 1024;
/** Sessions that a backup may hold. */
const MOST_SESSIONS = 1_000_000;
const SESSIONS_A_PAGE = 500;
const SESSIONS_A_TRANSACTION = 1000;

export interface BackupInfo {
  readonly algorithm: string;
  readonly auth_data: JsonObject;
  readonly count: number;
  readonly etag: string;
  readonly version: string;
}

/** What is answered to a change: `etag` is another one whenever the content is. */
export interface BackupState {
  readonly etag: string;
  readonly count: number;
}

/** Encrypted copies of room keys (client-server API, "Server-side key backups"). */
export class KeyBackup {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Makes a new version, which is the current one from now on. @throws MatrixError M_TOO_LARGE */
  async create(userNid: number, algorithm: string, authData: JsonObject): Promise<string> {
    const text = authText(authData);
    return this.#db.tx(async tx => {
      await lockUser(tx, userNid);
      return String(await insertBackup(tx, userNid, algorithm, text));
    });
  }

  /** The current version, or the one named. @throws MatrixError M_NOT_FOUND */
  async info(userNid: number, version?: string): Promise<BackupInfo> {
    const row =
      version === undefined ? await currentBackup(this.#db, userNid) : await known(this.#db, userNid, version);
    if (row === undefined) throw notFound('No current backup version.');
    return {
      algorithm: row.algorithm,
      auth_data: JSON.parse(row.auth_data) as JsonObject,
      ...stateOf(row),
      version: String(row.version),
    };
  }

  /** Replaces `auth_data`. @throws MatrixError M_NOT_FOUND, M_INVALID_PARAM when the algorithm is another, M_TOO_LARGE */
  async update(userNid: number, version: string, algorithm: string, authData: JsonObject): Promise<void> {
    const text = authText(authData);
    await this.#db.tx(async tx => {
      const row = await known(tx, userNid, version);
      if (row.algorithm !== algorithm) throw invalidParam('Algorithm does not match.');
      await setAuthData(tx, userNid, row.version, text);
    });
  }

  /** Deletes a version with its keys; once more is no error. @throws MatrixError M_NOT_FOUND */
  async delete(userNid: number, version: string): Promise<void> {
    await this.#db.tx(async tx => {
      await lockUser(tx, userNid);
      const row = await findBackup(tx, userNid, numberOf(version));
      if (row === undefined) throw notFound('Unknown backup version.');
      if (row.deleted === 0) await deleteBackup(tx, userNid, row.version);
    });
  }

  /**
   * Stores keys in the current version. A session that is there already is replaced by a better copy only.
   *
   * @throws MatrixError M_WRONG_ROOM_KEYS_VERSION with `current_version`, M_NOT_FOUND, M_INVALID_PARAM, M_TOO_LARGE
   */
  async put(userNid: number, version: string, rooms: BackupRooms): Promise<BackupState> {
    const batches = inBatches(Object.entries(rooms).map(([roomId, { sessions }]) => rowsOfRoom(roomId, sessions)));
    let state = stateOf(await writable(this.#db, userNid, version));
    for (const batch of batches) state = await this.#putBatch(userNid, version, batch);
    return state;
  }

  async #putBatch(userNid: number, version: string, batch: readonly SessionRow[][]): Promise<BackupState> {
    return this.#db.tx(async tx => {
      await lockUser(tx, userNid);
      const backup = await writable(tx, userNid, version);
      let added = 0;
      let changed = false;
      for (const rows of batch) {
        const result = await putRoom(tx, userNid, backup.version, rows);
        added += result.added;
        changed ||= result.changed;
      }
      if (backup.key_count + added > MOST_SESSIONS) {
        throw new MatrixError('M_TOO_LARGE', `A backup holds at most ${MOST_SESSIONS} keys.`);
      }
      return stateOf(changed ? await countChange(tx, userNid, backup.version, added) : backup);
    });
  }

  /** The JSON text of one session's key. @throws MatrixError M_NOT_FOUND */
  async session(userNid: number, version: string, roomId: string, sessionId: string): Promise<string> {
    const backup = await known(this.#db, userNid, version);
    const page = { after: undefined, limit: 1 };
    const [row] = await readSessions(this.#db, userNid, backup.version, { roomId, sessionId }, page);
    if (row === undefined) throw notFound('Key not found.');
    return sessionText(row);
  }

  /** The JSON text `{"sessions": ...}` of a room, in pieces: a backup may be larger than the memory. @throws MatrixError M_NOT_FOUND */
  async room(userNid: number, version: string, roomId: string): Promise<AsyncIterable<string>> {
    const backup = await known(this.#db, userNid, version);
    return roomText(this.#pages(userNid, backup.version, { roomId }));
  }

  /** The JSON text `{"rooms": ...}` of the whole backup, in pieces. @throws MatrixError M_NOT_FOUND */
  async all(userNid: number, version: string): Promise<AsyncIterable<string>> {
    const backup = await known(this.#db, userNid, version);
    return roomsText(this.#pages(userNid, backup.version, {}));
  }

  /** Deletes keys of any version: all, those of a room, or one session's. @throws MatrixError M_NOT_FOUND */
  async deleteKeys(userNid: number, version: string, scope: SessionScope): Promise<BackupState> {
    return this.#db.tx(async tx => {
      await lockUser(tx, userNid);
      const backup = await known(tx, userNid, version);
      const gone = await deleteSessions(tx, userNid, backup.version, scope);
      return stateOf(gone === 0 ? backup : await countChange(tx, userNid, backup.version, -gone));
    });
  }

  /** A slow reader holds no cursor: each page is a query of its own. */
  async *#pages(userNid: number, version: number, scope: SessionScope): AsyncGenerator<readonly SessionRow[]> {
    let after: SessionRow | undefined;
    for (;;) {
      const rows = await readSessions(this.#db, userNid, version, scope, { after, limit: SESSIONS_A_PAGE });
      if (rows.length > 0) yield rows;
      if (rows.length < SESSIONS_A_PAGE) return;
      after = rows.at(-1);
    }
  }
}

/**
 * Rooms together until they have about a thousand sessions, so that a large upload does not keep other writers
 * waiting. An upload that fails half-way can be repeated: the rule of replacement lets it change nothing twice.
 */
function inBatches(rooms: readonly SessionRow[][]): SessionRow[][][] {
  const batches: SessionRow[][][] = [];
  let open: SessionRow[][] = [];
  let size = 0;
  for (const rows of rooms) {
    for (let at = 0; at < rows.length; at += SESSIONS_A_TRANSACTION) {
      const some = rows.slice(at, at + SESSIONS_A_TRANSACTION);
      open.push(some);
      size += some.length;
      if (size < SESSIONS_A_TRANSACTION) continue;
      batches.push(open);
      open = [];
      size = 0;
    }
  }
  if (open.length > 0) batches.push(open);
  return batches;
}

async function putRoom(
  tx: Tx,
  userNid: number,
  version: number,
  rows: readonly SessionRow[],
): Promise<{ added: number; changed: boolean }> {
  const [first] = rows;
  if (first === undefined) return { added: 0, changed: false };
  const ids = rows.map(row => row.session_id);
  const stored = await sessionsWithIds(tx, userNid, version, first.room_id, ids);
  const byId = new Map(stored.map(row => [row.session_id, row]));
  const better = rows.filter(row => {
    const old = byId.get(row.session_id);
    return old === undefined || replacesSession(rankOf(old), rankOf(row));
  });
  await putSessions(tx, userNid, version, better);
  return { added: rows.length - byId.size, changed: better.length > 0 };
}

async function* roomText(pages: AsyncIterable<readonly SessionRow[]>): AsyncGenerator<string> {
  let text = '{"sessions":{';
  let separator = '';
  for await (const rows of pages) {
    for (const row of rows) {
      text += `${separator}${JSON.stringify(row.session_id)}:${sessionText(row)}`;
      separator = ',';
    }
    yield text;
    text = '';
  }
  yield `${text}}}`;
}

async function* roomsText(pages: AsyncIterable<readonly SessionRow[]>): AsyncGenerator<string> {
  let text = '{"rooms":{';
  let room: string | undefined;
  for await (const rows of pages) {
    for (const row of rows) {
      if (row.room_id === room) text += ',';
      else text += `${room === undefined ? '' : '}},'}${JSON.stringify(row.room_id)}:{"sessions":{`;
      room = row.room_id;
      text += `${JSON.stringify(row.session_id)}:${sessionText(row)}`;
    }
    yield text;
    text = '';
  }
  yield `${text}${room === undefined ? '' : '}}'}}}`;
}

function authText(authData: JsonObject): string {
  const text = JSON.stringify(authData);
  if (utf8Length(text) <= MAX_AUTH_DATA_BYTES) return text;
  throw new MatrixError('M_TOO_LARGE', `auth_data is larger than ${MAX_AUTH_DATA_BYTES} bytes.`);
}

/** Versions are counted up from 1; whatever else is asked for does not exist. */
function numberOf(version: string): number {
  return /^[1-9][0-9]{0,14}$/.test(version) ? Number(version) : 0;
}

async function known(db: Queryable, userNid: number, version: string): Promise<BackupRow> {
  const row = await findBackup(db, userNid, numberOf(version));
  if (row === undefined || row.deleted === 1) throw notFound('Unknown backup version.');
  return row;
}

async function writable(db: Queryable, userNid: number, version: string): Promise<BackupRow> {
  const backup = await known(db, userNid, version);
  const current = await currentBackup(db, userNid);
  if (current === undefined || current.version === backup.version) return backup;
  throw new MatrixError('M_WRONG_ROOM_KEYS_VERSION', 'Wrong backup version.', {
    fields: { current_version: String(current.version) },
  });
}

function stateOf(row: BackupRow): BackupState {
  return { etag: String(row.etag), count: row.key_count };
}
