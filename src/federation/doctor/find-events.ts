import type { EventId, RoomId, UserId } from '../../core/ids.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { OUTLIER, REJECTED, SOFT_FAILED } from '../../rooms/room.ts';
import { eventsOfRoom } from './trace.table.ts';
import { momentText, quoted } from './words.ts';

/** What is looked for; a room at least. */
export interface EventQuestion {
  readonly roomId: RoomId;
  readonly sender?: UserId | undefined;
  /** Events around this time, by their senders' clocks; the newest unless given. */
  readonly ts?: number | undefined;
}

export interface FoundEvent {
  readonly eventId: EventId;
  readonly sender: string;
  readonly type: string;
  readonly ts: number;
  readonly judged: string;
}

const MOST = 30;

/** Events of a room that came by some time before a moment, the newest first: also those that nobody was shown. */
export async function findEvents(rooms: RoomsParts, { roomId, sender, ts }: EventQuestion): Promise<FoundEvent[]> {
  const room = await rooms.rooms.find(rooms.db, roomId);
  if (room === undefined) return [];
  const senderNid = sender === undefined ? undefined : await rooms.nids.users.findOne(rooms.db, sender);
  if (sender !== undefined && senderNid === undefined) return [];
  const upTo = ts ?? Number.MAX_SAFE_INTEGER;
  const rows = await eventsOfRoom(rooms.db, { roomNid: room.nid, senderNid, upTo, limit: MOST });
  const reasons = new Map(rows.map(row => [row.nid, row.reason]));
  const events = await rooms.events.byNids(rooms.db, reasons.keys(), false);
  return rows.flatMap(({ nid }) => {
    const stored = events.get(nid);
    if (stored === undefined) return [];
    const { id: eventId, sender, type, ts } = stored.event;
    return [{ eventId, sender, type, ts, judged: judged(stored.flags, reasons.get(nid) ?? null) }];
  });
}

function judged(flags: number, reason: string | null): string {
  const why = reason === null ? '' : `: ${quoted(reason, 80)}`;
  if ((flags & REJECTED) !== 0) return `rejected${why}`;
  if ((flags & SOFT_FAILED) !== 0) return `soft-failed${why}`;
  return (flags & OUTLIER) !== 0 ? 'of a state only' : 'accepted';
}

/** A line for each event. */
export function foundText(events: readonly FoundEvent[]): string {
  if (events.length === 0) return 'This server knows no such event.';
  return events
    .map(
      ({ eventId, sender, type, ts, judged }) =>
        `${momentText(ts)}  ${eventId}  ${quoted(type, 60)} by ${sender}, ${judged}`,
    )
    .join('\n');
}
