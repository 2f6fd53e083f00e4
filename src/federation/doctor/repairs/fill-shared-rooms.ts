import type { ServerName } from '../../../core/ids.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Room } from '../../../rooms/room.ts';
import type { HoleFiller } from '../../gaps/hole-filler.ts';
import { hastenHoles } from '../../gaps/holes.table.ts';
import { hastenInbox } from '../../inbound/inbox.table.ts';
import type { RoomDrain } from '../../inbound/room-drain.ts';
import { type HeadProbeParts, type ProbeOutcome, probeHeads } from '../../probing/head-probe.ts';
import { countHoles } from '../doctor.table.ts';
import { countEventsAfter, newestEvent } from '../event-count.table.ts';
import { MOST_ROOMS } from '../gather/rooms.ts';
import { countText } from '../words.ts';
import { sharedRooms } from './shared-rooms.ts';

export interface FillParts {
  readonly rooms: RoomsParts;
  readonly probing: HeadProbeParts;
  readonly holes: Pick<HoleFiller, 'work'>;
  readonly drained: (signal: AbortSignal) => Promise<void>;
  readonly drain: Pick<RoomDrain, 'wake'>;
}

/** A server that names as many ends as it ever does has more of them. */
const MOST_ROUNDS = 5;

/** Asks a server what every room that we share ends with, and fetches what we lack. Tells how much came. */
export async function fillSharedRooms(parts: FillParts, server: ServerName, signal: AbortSignal): Promise<string[]> {
  const { rooms } = parts;
  const { db } = rooms;
  const shared = await sharedRooms(rooms, server, MOST_ROOMS);
  if (shared === undefined) return ['we share no room with it'];
  const { theirs, rooms: list } = shared;
  const before = await newestEvent(db);
  const outcomes: ProbeOutcome[] = [];
  for (const room of list) if (!signal.aborted) outcomes.push(await fill(parts, room, server, signal));
  await parts.holes.work(signal);
  // What waits for other events has them now, or asks for them.
  for (const room of await db.tx(tx => hastenInbox(tx, theirs, rooms.clock.now()))) parts.drain.wake(room);
  await parts.drained(signal);
  return told(rooms, list, outcomes, before);
}

async function fill(
  { rooms, probing, drained }: FillParts,
  room: Room,
  server: ServerName,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  // What was given up is asked for again too: somebody wants it now.
  await rooms.db.tx(tx => hastenHoles(tx, room.nid, rooms.clock.now()));
  let outcome = await probeHeads(probing, room, server);
  for (let round = 1; round < MOST_ROUNDS && (outcome === 'behind' || outcome === 'more'); round++) {
    await drained(signal);
    const next = await probeHeads(probing, room, server);
    if (next === outcome && next === 'more') break;
    outcome = next;
  }
  return outcome;
}

async function told(
  { db }: RoomsParts,
  list: readonly Room[],
  outcomes: readonly ProbeOutcome[],
  before: number,
): Promise<string[]> {
  let came = 0;
  let missing = 0;
  for (const room of list) {
    came += await countEventsAfter(db, room.nid, before);
    missing += (await countHoles(db, room.nid)).missing;
  }
  const level = outcomes.filter(outcome => outcome === 'level').length;
  const silent = outcomes.filter(outcome => outcome === 'unreachable' || outcome === 'refused').length;
  return [
    `asked it about ${countText(outcomes.length, 'room')}: ${level} end with the same events now${silent > 0 ? `, for ${silent} it gave no answer` : ''}`,
    `${countText(came, 'event')} came; ${countText(missing, 'event')} still missing`,
  ];
}
