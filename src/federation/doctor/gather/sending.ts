import type { Queryable } from '../../../db/database.ts';
import { findStanding } from '../../outbound/destination.table.ts';
import { setAsideFor, waitingFor } from '../doctor.table.ts';
import type { SendingFacts } from '../facts.ts';

/** What is older is history. */
const DAYS_MS = 7 * 86_400_000;
const MOST = 20;

/** What waits for a server, and what is held against it. */
export async function gatherSending(db: Queryable, domainNid: number, now: number): Promise<SendingFacts> {
  const standing = await findStanding(db, domainNid);
  const waiting = await waitingFor(db, domainNid);
  const aside = await setAsideFor(db, domainNid, now - DAYS_MS, MOST);
  return {
    failingSince: standing?.failing_since ?? null,
    tries: standing?.tries ?? 0,
    triedAt: standing?.tried_at ?? null,
    retryAt: standing?.retry_at ?? null,
    reason: standing?.reason ?? null,
    rooms: waiting?.rooms ?? 0,
    oldestAt: waiting?.since ?? null,
    edus: waiting?.edus ?? 0,
    eduBytes: waiting?.edu_bytes ?? 0,
    largestEdu: waiting?.largest ?? 0,
    deviceLists: waiting?.lists ?? 0,
    setAside: aside.map(({ ts: at, kind, event_id: eventId, bytes, reason }) => ({ at, kind, eventId, bytes, reason })),
  };
}
