import type { Event } from '../../../core/event.ts';
import { getString } from '../../../core/json.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Room, StoredEvent } from '../../../rooms/room.ts';
import { roomHead } from '../../../rooms/rooms.table.ts';
import { refusedOf } from '../doctor.table.ts';
import type { RoomFacts } from '../facts.ts';

type Refused = RoomFacts['refused'][number];

const MOST_REASONS = 10;
/** Refused events from before that are history. */
const REFUSED_MS = 7 * 86_400_000;
/** How the rules say that somebody lacks the power for something. */
const OF_POWER = /may not|level/;

/** Events of a server's users in a room that we refused lately, by the reason, and what of our state that follows from. */
export async function gatherRefused(rooms: RoomsParts, room: Room, domainNid: number): Promise<Refused[]> {
  const since = rooms.clock.now() - REFUSED_MS;
  const rows = await refusedOf(rooms.db, { roomNid: room.nid, domainNid, since, limit: MOST_REASONS });
  const refused: Refused[] = [];
  for (const { reason, rejected, events, newest, last } of rows) {
    const stored = await rooms.events.byNid(rooms.db, last);
    const isSoft = rejected === 0;
    const because = stored && (await causeOf(rooms, room, stored, { reason, isSoft }));
    refused.push({
      ...{ reason, isSoft, events, newestAt: newest },
      ...(stored && { last: stored.event.id }),
      because: because === undefined ? null : partOf(because),
    });
  }
  return refused;
}

/** The membership of who sent it, where that is none that lets one speak; else the power levels, where it is about power. */
async function causeOf(
  { db, state }: RoomsParts,
  room: Room,
  { event, stateBefore }: StoredEvent,
  { reason, isSoft }: Pick<Refused, 'reason' | 'isSoft'>,
): Promise<Event | undefined> {
  const root = isSoft ? (await roomHead(db, room.nid)).state_root : stateBefore;
  const member = await state.event(db, room, root, 'm.room.member', event.sender);
  if (member !== undefined && getString(member.content, 'membership') !== 'join') return member;
  return OF_POWER.test(reason) ? state.event(db, room, root, 'm.room.power_levels') : undefined;
}

function partOf({ id: eventId, type, content, sender, ts: at }: Event): NonNullable<Refused['because']> {
  const says = type === 'm.room.member' ? (getString(content, 'membership') ?? '') : 'power levels';
  return { eventId, type, says, sender, at };
}
