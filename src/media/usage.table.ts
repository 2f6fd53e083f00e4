import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface MediaUsage {
  readonly bytes: number;
  readonly files: number;
}

/**
 * Counts files that a user adds (or, with negative numbers, loses); the usage after it. The row stays locked until the
 * transaction ends, so uploads of one user are counted one after the other.
 */
export async function addUsage(tx: Tx, userNid: number, { bytes, files }: MediaUsage): Promise<MediaUsage> {
  const row = await tx.get<MediaUsage>(sql`
    insert into media_usage (user_nid, bytes, files) values (${userNid}, ${bytes}, ${files})
    on conflict (user_nid) do update set bytes = media_usage.bytes + excluded.bytes,
      files = media_usage.files + excluded.files
    returning bytes, files`);
  return row ?? { bytes, files };
}

export async function usageOf(db: Queryable, userNid: number): Promise<MediaUsage> {
  const row = await db.get<MediaUsage>(sql`select bytes, files from media_usage where user_nid = ${userNid}`);
  return row ?? { bytes: 0, files: 0 };
}
