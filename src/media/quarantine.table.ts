import type { ServerName } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import type { MediaId } from './media-id.ts';

/** What of a file decides about its quarantine. */
export interface HeldMedia {
  readonly nid: number;
  readonly origin_nid: number;
  readonly media_id: MediaId;
  readonly sha256: Uint8Array | null;
  readonly quarantined: number;
  readonly protected: number;
}

const COLUMNS = sql`nid, origin_nid, media_id, sha256, quarantined, protected`;

export function heldMedia(db: Queryable, originNid: number, mediaId: MediaId): Promise<HeldMedia | undefined> {
  return db.get<HeldMedia>(sql`select ${COLUMNS} from media where origin_nid = ${originNid} and media_id = ${mediaId}`);
}

/** All URIs of the same bytes. */
export function mediaWithContent(db: Queryable, sha256: Uint8Array): Promise<HeldMedia[]> {
  return db.all<HeldMedia>(sql`select ${COLUMNS} from media where sha256 = ${sha256}`);
}

/** Files of a user with numbers above `after` that are free and unprotected. */
export function freeMediaOf(db: Queryable, userNid: number, after: number, limit: number): Promise<HeldMedia[]> {
  return db.all<HeldMedia>(sql`select ${COLUMNS} from media
    where user_nid = ${userNid} and nid > ${after} and quarantined = 0 and protected = 0 order by nid limit ${limit}`);
}

export async function holdMedia(tx: Tx, nids: readonly number[], by: number | null): Promise<void> {
  await tx.run(sql`update media set quarantined = 1, quarantined_by = ${by} where nid ${sql.in(nids)}`);
}

export async function freeMedia(tx: Tx, nids: readonly number[]): Promise<void> {
  await tx.run(sql`update media set quarantined = 0, quarantined_by = null where nid ${sql.in(nids)}`);
}

/** From now on these bytes are held under whatever URI they come. */
export async function holdContent(tx: Tx, sha256: Uint8Array, by: number, ts: number): Promise<void> {
  await tx.run(sql`insert into quarantined_content (sha256, user_nid, ts) values (${sha256}, ${by}, ${ts})
    on conflict do nothing`);
}

export async function freeContent(tx: Tx, sha256: Uint8Array): Promise<void> {
  await tx.run(sql`delete from quarantined_content where sha256 = ${sha256}`);
}

export async function setProtected(tx: Tx, nid: number, isProtected: boolean): Promise<void> {
  await tx.run(sql`update media set protected = ${isProtected ? 1 : 0} where nid = ${nid}`);
}

export async function recordChange(
  tx: Tx,
  { origin_nid, media_id }: Pick<HeldMedia, 'origin_nid' | 'media_id'>,
  isHeld: boolean,
  ts: number,
): Promise<void> {
  await tx.run(sql`insert into quarantine_change (origin_nid, media_id, quarantined, ts)
    values (${origin_nid}, ${media_id}, ${isHeld ? 1 : 0}, ${ts})`);
}

export interface ChangeRow {
  readonly nid: number;
  readonly origin: ServerName;
  readonly media_id: MediaId;
  readonly quarantined: number;
}

/** Changes with numbers above `after`, oldest first. */
export function changesAfter(db: Queryable, after: number, limit: number): Promise<ChangeRow[]> {
  return db.all<ChangeRow>(sql`select c.nid, d.name as origin, c.media_id, c.quarantined
    from quarantine_change c join domain d on d.nid = c.origin_nid where c.nid > ${after} order by c.nid limit ${limit}`);
}
