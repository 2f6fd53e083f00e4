import type { Event } from '../../core/event.ts';
import { domainOf, type ServerName } from '../../core/ids.ts';
import type { Tx } from '../../db/database.ts';
import type { Outcome } from '../../rooms/ingest.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { putReturned } from './returned-event.table.ts';

/**
 * Notes an event that another server gave us, that our own key has signed and that we did not have though it is newer than what
 * we had: this database was put back to an earlier day, or somebody else has our name and key. Memberships are made in rooms that
 * we are not in, too, and come back from those who are.
 */
export async function noteReturned(
  { serverName }: Pick<RoomsParts, 'serverName'>,
  tx: Tx,
  { id, sender, type, ts }: Event,
  server: ServerName,
  outcome: Outcome,
): Promise<void> {
  if (domainOf(sender) !== serverName || type === 'm.room.member' || outcome !== 'accepted') return;
  await putReturned(tx, { eventId: id, server, ts });
}
