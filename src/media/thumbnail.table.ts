import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';
import type { DecodedType, ThumbnailBox } from './image-task.ts';
import type { FileId, StoredFile } from './media-store.ts';

/** `file_id`, `size` and `sha256` are null where the original is served as its own thumbnail. */
export interface ThumbnailRow {
  readonly content_type: DecodedType;
  readonly file_id: FileId | null;
  readonly size: number | null;
  readonly sha256: Uint8Array | null;
}

export interface ThumbnailKey {
  readonly mediaNid: number;
  readonly box: ThumbnailBox;
  readonly animated: boolean;
}

function matches({ mediaNid, box, animated }: ThumbnailKey): Sql {
  return sql`media_nid = ${mediaNid} and width = ${box.width} and height = ${box.height}
    and crop = ${box.method === 'crop' ? 1 : 0} and animated = ${animated ? 1 : 0}`;
}

export async function findThumbnail(db: Queryable, key: ThumbnailKey): Promise<ThumbnailRow | undefined> {
  return db.get<ThumbnailRow>(
    sql`select content_type, file_id, size, sha256 from media_thumbnail where ${matches(key)}`,
  );
}

/** Records a thumbnail. False when there is one already, or its media was deleted meanwhile. */
export async function insertThumbnail(
  tx: Tx,
  key: ThumbnailKey,
  made: { readonly type: DecodedType; readonly file: StoredFile | undefined; readonly now: number },
): Promise<boolean> {
  const { box, mediaNid } = key;
  if ((await tx.get(sql`select nid from media where nid = ${mediaNid}`)) === undefined) return false;
  const inserted = await tx.run(sql`
    insert into media_thumbnail (media_nid, width, height, crop, animated, content_type, file_id, size, sha256, created)
    values (${mediaNid}, ${box.width}, ${box.height}, ${box.method === 'crop' ? 1 : 0}, ${key.animated ? 1 : 0},
      ${made.type}, ${made.file?.fileId ?? null}, ${made.file?.size ?? null}, ${made.file?.sha256 ?? null}, ${made.now})
    on conflict do nothing`);
  return inserted === 1;
}

/** Forgets all thumbnails of a file; the files that held them. */
export async function deleteThumbnails(tx: Tx, mediaNid: number): Promise<FileId[]> {
  const rows = await tx.all<{ file_id: FileId | null }>(
    sql`delete from media_thumbnail where media_nid = ${mediaNid} returning file_id`,
  );
  return rows.flatMap(row => row.file_id ?? []);
}
