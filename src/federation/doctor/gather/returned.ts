import type { Queryable } from '../../../db/database.ts';
import { returnedEvents } from '../../gaps/returned-event.table.ts';
import type { ReturnedFacts } from '../facts.ts';

/** What of ours others had and we had not. */
export async function gatherReturned(db: Queryable): Promise<ReturnedFacts> {
  const { begun, events, newest } = await returnedEvents(db);
  return {
    events,
    newest: newest === undefined ? null : { eventId: newest.eventId, server: newest.server, at: newest.ts },
    begunAt: begun === 0 ? null : begun,
  };
}
