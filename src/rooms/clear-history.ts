import { deleteTracesOf, type OldEventRow, oldEvents } from './old-events.table.ts';
import type { RoomsParts } from './parts.ts';
import { deleteRelations, relationOf } from './relations.table.ts';
import type { Room } from './room.ts';
import { deleteEvents } from './room-remains.table.ts';
import { wordsIn } from './search/search-index.table.ts';
import { writeRoom } from './write-room.ts';

/** Events of one transaction: the room waits meanwhile. */
const AT_ONCE = 500;

export interface HistoryPiece {
  /** Positions above this one and below that one. */
  readonly after: number;
  readonly below: number;
  readonly deleteLocal: boolean;
}

/**
 * Deletes a piece of what was said in a room: events that are no state and on which the room does not stand. Answers
 * where to go on; undefined at the end.
 */
export async function clearHistory(
  parts: RoomsParts,
  room: Room,
  { after, below, deleteLocal }: HistoryPiece,
): Promise<{ readonly next: number | undefined; readonly deleted: number }> {
  const rows = await oldEvents(parts.db, room.nid, { after, below, limit: AT_ONCE });
  const own = deleteLocal ? undefined : await parts.nids.domains.findOne(parts.db, parts.serverName);
  const doomed = rows.filter(row => row.is_standing === 0 && row.state_key_nid === null && row.domain_nid !== own);
  if (doomed.length > 0) await deleteAll(parts, room, doomed);
  return { next: rows.length < AT_ONCE ? undefined : rows.at(-1)?.pos, deleted: doomed.length };
}

function deleteAll(parts: RoomsParts, room: Room, rows: readonly OldEventRow[]): Promise<void> {
  const nids = rows.map(row => row.nid);
  return writeRoom(parts, room, async tx => {
    const ownDomainNid = (await parts.nids.domains.findOne(tx, parts.serverName)) ?? 0;
    await wordsIn(parts.db.dialect).removeAll(tx, nids);
    for (const { nid, event } of (await parts.events.byNids(tx, nids)).values())
      await deleteRelations(tx, room.nid, relationOf(event.content)?.target, nid);
    await deleteTracesOf(tx, { roomNid: room.nid, ownDomainNid }, rows);
    await deleteEvents(tx, nids);
    parts.events.forgetAtCommit(tx, nids);
  });
}
