import type { RoomAlias, RoomId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export async function aliasTarget(
  db: Queryable,
  alias: RoomAlias,
): Promise<{ roomId: RoomId; creatorNid: number } | undefined> {
  const row = await db.get<{ room_id: RoomId; creator_nid: number }>(
    sql`select room_id, creator_nid from room_alias where alias = ${alias}`,
  );
  return row === undefined ? undefined : { roomId: row.room_id, creatorNid: row.creator_nid };
}

/** False when the alias is taken. */
export async function addAlias(tx: Tx, alias: RoomAlias, roomId: RoomId, creatorNid: number): Promise<boolean> {
  const added = await tx.run(sql`insert into room_alias (alias, room_id, creator_nid)
    values (${alias}, ${roomId}, ${creatorNid}) on conflict do nothing`);
  return added > 0;
}

export async function removeAlias(tx: Tx, alias: RoomAlias): Promise<boolean> {
  return (await tx.run(sql`delete from room_alias where alias = ${alias}`)) > 0;
}

export async function aliasesOf(db: Queryable, roomId: RoomId): Promise<RoomAlias[]> {
  const rows = await db.all<{ alias: RoomAlias }>(
    sql`select alias from room_alias where room_id = ${roomId} order by alias`,
  );
  return rows.map(row => row.alias);
}

/** Lets all aliases of one room name another. */
export async function moveAliases(tx: Tx, from: RoomId, to: RoomId): Promise<void> {
  await tx.run(sql`update room_alias set room_id = ${to} where room_id = ${from}`);
}
