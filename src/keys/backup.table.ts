import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';

export interface BackupRow {
  readonly version: number;
  readonly algorithm: string;
  readonly auth_data: string;
  readonly etag: number;
  readonly key_count: number;
  readonly deleted: number;
}

export interface SessionRow {
  readonly room_id: string;
  readonly session_id: string;
  readonly first_message_index: number;
  readonly forwarded_count: number;
  readonly is_verified: number;
  readonly session_data: string;
}

/** Sessions of a backup: all, those of a room, or one. */
export interface SessionScope {
  readonly roomId?: string | undefined;
  readonly sessionId?: string | undefined;
}

const ROWS_A_STATEMENT = 200;

/**
 * Makes the next version of a user's backup and gives its number. The caller holds the user's lock. After the database was put
 * back to an earlier day, numbers begin beyond those that may have been given out since.
 */
export async function insertBackup(tx: Tx, userNid: number, algorithm: string, authData: string): Promise<number> {
  const row = await tx.get<{ version: number }>(sql`insert into key_backup (user_nid, version, algorithm, auth_data)
    select cast(${userNid} as bigint), max(version) + 1, cast(${algorithm} as text), cast(${authData} as text)
    from (select version from key_backup where user_nid = ${userNid} union all select begun from epoch where one = 1) used
    returning version`);
  if (row === undefined) throw new Error('an insert gave no row');
  return row.version;
}

/** The newest version that has not been deleted. */
export function currentBackup(db: Queryable, userNid: number): Promise<BackupRow | undefined> {
  return db.get<BackupRow>(sql`select version, algorithm, auth_data, etag, key_count, deleted from key_backup
    where user_nid = ${userNid} and deleted = 0 order by version desc limit 1`);
}

/** One version, deleted ones too. */
export function findBackup(db: Queryable, userNid: number, version: number): Promise<BackupRow | undefined> {
  return db.get<BackupRow>(sql`select version, algorithm, auth_data, etag, key_count, deleted from key_backup
    where user_nid = ${userNid} and version = ${version}`);
}

export async function setAuthData(tx: Tx, userNid: number, version: number, authData: string): Promise<void> {
  await tx.run(sql`update key_backup set auth_data = ${authData} where user_nid = ${userNid} and version = ${version}`);
}

export async function deleteBackup(tx: Tx, userNid: number, version: number): Promise<void> {
  await tx.run(sql`delete from key_backup_session where user_nid = ${userNid} and version = ${version}`);
  await tx.run(sql`update key_backup set deleted = 1, auth_data = '{}', key_count = 0
    where user_nid = ${userNid} and version = ${version}`);
}

export async function forgetBackups(tx: Tx, userNid: number): Promise<void> {
  await tx.run(sql`delete from key_backup_session where user_nid = ${userNid}`);
  await tx.run(sql`update key_backup set deleted = 1, auth_data = '{}', key_count = 0 where user_nid = ${userNid}`);
}

/** Notes that the content of a backup changed; `added` sessions are new, fewer when negative. */
export async function countChange(tx: Tx, userNid: number, version: number, added: number): Promise<BackupRow> {
  const row = await tx.get<BackupRow>(sql`update key_backup set etag = etag + 1, key_count = key_count + ${added}
    where user_nid = ${userNid} and version = ${version}
    returning version, algorithm, auth_data, etag, key_count, deleted`);
  if (row === undefined) throw new Error(`backup version ${version} is gone`);
  return row;
}

/** The stored ones of some sessions of a room. */
export function sessionsWithIds(
  db: Queryable,
  userNid: number,
  version: number,
  roomId: string,
  sessionIds: readonly string[],
): Promise<SessionRow[]> {
  return db.all<SessionRow>(sql`select ${columns} from key_backup_session
    where ${inScope(userNid, version, { roomId })} and session_id ${sql.in(sessionIds)}`);
}

export async function putSessions(
  tx: Tx,
  userNid: number,
  version: number,
  sessions: readonly SessionRow[],
): Promise<void> {
  for (let at = 0; at < sessions.length; at += ROWS_A_STATEMENT) {
    const rows = sessions
      .slice(at, at + ROWS_A_STATEMENT)
      .map(s => [
        userNid,
        version,
        s.room_id,
        s.session_id,
        s.first_message_index,
        s.forwarded_count,
        s.is_verified,
        s.session_data,
      ]);
    await tx.run(sql`insert into key_backup_session (user_nid, version, ${columns}) values ${sql.rows(rows)}
      on conflict (user_nid, version, room_id, session_id) do update set
        first_message_index = excluded.first_message_index, forwarded_count = excluded.forwarded_count,
        is_verified = excluded.is_verified, session_data = excluded.session_data`);
  }
}

/** Sessions in the order of room and session, at most `limit`, behind `after`. */
export function readSessions(
  db: Queryable,
  userNid: number,
  version: number,
  scope: SessionScope,
  page: { readonly after: SessionRow | undefined; readonly limit: number },
): Promise<SessionRow[]> {
  const { after } = page;
  const behind =
    after === undefined ? sql.empty : sql`and (room_id, session_id) > (${after.room_id}, ${after.session_id})`;
  return db.all<SessionRow>(sql`select ${columns} from key_backup_session
    where ${inScope(userNid, version, scope)} ${behind} order by room_id, session_id limit ${page.limit}`);
}

/** Returns how many sessions were deleted. */
export function deleteSessions(tx: Tx, userNid: number, version: number, scope: SessionScope): Promise<number> {
  return tx.run(sql`delete from key_backup_session where ${inScope(userNid, version, scope)}`);
}

const columns = sql`room_id, session_id, first_message_index, forwarded_count, is_verified, session_data`;

function inScope(userNid: number, version: number, scope: SessionScope): Sql {
  const conditions = [sql`user_nid = ${userNid}`, sql`version = ${version}`];
  if (scope.roomId !== undefined) conditions.push(sql`room_id = ${scope.roomId}`);
  if (scope.sessionId !== undefined) conditions.push(sql`session_id = ${scope.sessionId}`);
  return sql.all(conditions);
}
