import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { MediaId } from '../media-id.ts';

export interface PreviewRow {
  readonly url: string;
  /** Hours since the epoch. */
  readonly hour: number;
  readonly answer: string;
  readonly image: MediaId | null;
}

const COLUMNS = sql`url, hour, answer, image`;

/** Of the previews that have not expired the one fetched nearest to an hour. */
export async function findPreview(
  db: Queryable,
  url: string,
  hour: number,
  now: number,
): Promise<PreviewRow | undefined> {
  return db.get<PreviewRow>(sql`select ${COLUMNS} from url_preview where url = ${url} and expires > ${now}
    order by abs(hour - ${hour}) limit 1`);
}

/** False when another process was first. */
export async function insertPreview(tx: Tx, row: PreviewRow, expires: number): Promise<boolean> {
  const inserted = await tx.run(sql`insert into url_preview (url, hour, answer, image, expires)
    values (${row.url}, ${row.hour}, ${row.answer}, ${row.image}, ${expires}) on conflict do nothing`);
  return inserted === 1;
}

export async function expiredPreviews(db: Queryable, before: number, limit: number): Promise<PreviewRow[]> {
  return db.all<PreviewRow>(sql`select ${COLUMNS} from url_preview where expires < ${before} limit ${limit}`);
}

export async function deletePreview(tx: Tx, url: string, hour: number): Promise<void> {
  await tx.run(sql`delete from url_preview where url = ${url} and hour = ${hour}`);
}
