import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';
import type { MediaId } from './media-id.ts';
import type { FileId, StoredFile } from './media-store.ts';

/** What is kept of a file besides its bytes. Type and name are what the uploader said: data, never trusted. */
export interface MediaFacts {
  readonly contentType: string | undefined;
  readonly fileName: string | undefined;
}

/** A URI whose content is not there yet has no `file_id`, `size`, `sha256` and `uploaded`. Times in milliseconds. */
export interface MediaRow {
  readonly nid: number;
  readonly user_nid: number | null;
  readonly content_type: string | null;
  readonly file_name: string | null;
  readonly file_id: FileId | null;
  readonly size: number | null;
  readonly sha256: Uint8Array | null;
  readonly expires: number | null;
  readonly uploaded: number | null;
  readonly last_access: number;
  readonly quarantined: number;
}

const COLUMNS = sql`nid, user_nid, content_type, file_name, file_id, size, sha256, expires, uploaded, last_access,
  quarantined`;

export interface NewMedia extends MediaFacts {
  readonly originNid: number;
  readonly mediaId: MediaId;
  /** Undefined for media of other servers. */
  readonly userNid: number | undefined;
  readonly file: StoredFile;
  readonly now: number;
}

/** Whether bytes are withheld, whatever the URI: an expression of 0 or 1. */
function isHeld(sha256: Uint8Array): Sql {
  return sql`(select count(*) from quarantined_content where sha256 = ${sha256})`;
}

/** Records a file that is in the store. False when the URI is taken. */
export async function insertMedia(tx: Tx, media: NewMedia): Promise<boolean> {
  const { file, now } = media;
  const inserted = await tx.run(sql`
    insert into media (origin_nid, media_id, user_nid, content_type, file_name, file_id, size, sha256, created, uploaded,
      last_access, quarantined)
    values (${media.originNid}, ${media.mediaId}, ${media.userNid ?? null}, ${media.contentType ?? null},
      ${media.fileName ?? null}, ${file.fileId}, ${file.size}, ${file.sha256}, ${now}, ${now}, ${now}, ${isHeld(file.sha256)})
    on conflict do nothing`);
  return inserted === 1;
}

/** Reserves a URI until `expires`. */
export async function insertPending(
  tx: Tx,
  pending: { originNid: number; mediaId: MediaId; userNid: number; now: number; expires: number },
): Promise<void> {
  await tx.run(sql`insert into media (origin_nid, media_id, user_nid, created, expires, last_access)
    values (${pending.originNid}, ${pending.mediaId}, ${pending.userNid}, ${pending.now}, ${pending.expires},
      ${pending.now})`);
}

/** How many reserved URIs of a user wait for their content. */
export async function countPending(db: Queryable, userNid: number, now: number): Promise<number> {
  const row = await db.get<{ pending: number }>(
    sql`select count(*) as pending from media where user_nid = ${userNid} and uploaded is null and expires > ${now}`,
  );
  return row?.pending ?? 0;
}

/** Gives a reserved URI its content. False when it has one already or is gone. */
export async function fillPending(
  tx: Tx,
  nid: number,
  { file, facts, now }: { file: StoredFile; facts: MediaFacts; now: number },
): Promise<boolean> {
  const filled = await tx.run(sql`
    update media set content_type = ${facts.contentType ?? null}, file_name = ${facts.fileName ?? null},
      file_id = ${file.fileId}, size = ${file.size}, sha256 = ${file.sha256}, uploaded = ${now}, last_access = ${now},
      quarantined = ${isHeld(file.sha256)}
    where nid = ${nid} and uploaded is null`);
  return filled === 1;
}

export async function findMedia(db: Queryable, originNid: number, mediaId: MediaId): Promise<MediaRow | undefined> {
  return db.get<MediaRow>(sql`select ${COLUMNS} from media where origin_nid = ${originNid} and media_id = ${mediaId}`);
}

export async function touchMedia(tx: Tx, nid: number, now: number): Promise<void> {
  await tx.run(sql`update media set last_access = ${now} where nid = ${nid} and last_access < ${now}`);
}

export async function deleteMedia(tx: Tx, nid: number): Promise<boolean> {
  return (await tx.run(sql`delete from media where nid = ${nid}`)) === 1;
}

/** Forgets reserved URIs that expired before `time`; their number. */
export async function deleteExpired(tx: Tx, time: number): Promise<number> {
  return tx.run(sql`delete from media where uploaded is null and expires < ${time}`);
}

/** Those of the files that media or a thumbnail refers to. */
export async function filesInUse(db: Queryable, files: readonly FileId[]): Promise<Set<FileId>> {
  const rows = await db.all<{ file_id: FileId }>(sql`
    select file_id from media where file_id ${sql.in(files)}
    union all select file_id from media_thumbnail where file_id ${sql.in(files)}`);
  return new Set(rows.map(row => row.file_id));
}
