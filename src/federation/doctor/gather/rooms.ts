import { sleep } from '../../../base/clock.ts';
import type { ServerName } from '../../../core/ids.ts';
import { incompleteRoom } from '../../../rooms/incomplete-rooms.table.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Room } from '../../../rooms/room.ts';
import { serverAclOf } from '../../../rooms/server-acl.ts';
import { askedServers } from '../../gaps/asked-servers.ts';
import { countHoles, endsOf, holesOf, refusalOf, refusedOf, roomsSharedWith } from '../doctor.table.ts';
import type { RoomFacts } from '../facts.ts';
import { gatherProbe, type ProbeParts } from './probe.ts';
import { type DifferenceParts, StateComparison } from './state-difference.ts';

export interface RoomsQuestion {
  readonly server: ServerName;
  readonly domainNid: number;
  /** Whether the server answers: else it is not asked. */
  readonly isReached: boolean;
  readonly signal: AbortSignal;
  /** How many rooms are looked at, and how long after one the next is asked about. */
  readonly rooms: number;
  readonly pauseMs: number;
  /** Of how many rooms the state is compared where nothing shows that it differs. */
  readonly states: number;
}

/** Rooms that are looked at: those with most missing first, then the largest. */
export const MOST_ROOMS = 200;
const MOST_HOLES = 20;
const MOST_REASONS = 10;
/** Refused events from before that are history. */
const REFUSED_MS = 7 * 86_400_000;
/** Answers that say that the server asks for patience: it is asked no more. */
const ENOUGH = new Set([429, 503]);

/** What is known of the rooms that we share with a server, and what it says that they end with. */
export async function gatherRooms(parts: ProbeParts & DifferenceParts, question: RoomsQuestion): Promise<RoomFacts[]> {
  const { rooms } = parts;
  const own = await rooms.nids.domains.findOne(rooms.db, rooms.serverName);
  if (own === undefined) return [];
  const shared = await roomsSharedWith(rooms.db, question.domainNid, own, question.rooms);
  const found = await rooms.rooms.byNids(
    rooms.db,
    shared.map(each => each.room_nid),
  );
  const facts: RoomFacts[] = [];
  let isAsked = question.isReached;
  const comparison = new StateComparison(parts, question);
  for (const { room_nid, here, there } of shared) {
    const room = found.get(room_nid);
    if (room === undefined) continue;
    const probe = isAsked && !question.signal.aborted ? await gatherProbe(parts, room, question) : null;
    if (probe !== null && ENOUGH.has(probe.status)) isAsked = false;
    if (probe !== null && question.pauseMs > 0) await sleep(rooms.clock, question.pauseMs, question.signal);
    const difference = await comparison.of(room, probe);
    const stored = await storedFacts(rooms, room, question);
    facts.push({ ...stored, joinedHere: here, joinedThere: there, probe, difference });
  }
  return facts;
}

async function storedFacts(
  rooms: RoomsParts,
  room: Room,
  { server, domainNid }: RoomsQuestion,
): Promise<Omit<RoomFacts, 'joinedHere' | 'joinedThere' | 'probe' | 'difference'>> {
  const { db } = rooms;
  const acl = await serverAclOf(rooms, db, room);
  const { ends, depth } = await endsOf(db, room.nid);
  const { missing, wanted } = await countHoles(db, room.nid);
  const holes = missing === 0 ? [] : await holesOf(db, room.nid, MOST_HOLES);
  const refusal = await refusalOf(db, room.nid, domainNid);
  const incomplete = await incompleteRoom(db, room.nid);
  const since = rooms.clock.now() - REFUSED_MS;
  const refused = await refusedOf(db, { roomNid: room.nid, domainNid, since, limit: MOST_REASONS });
  return {
    roomId: room.roomId,
    version: room.version.id,
    extremities: ends,
    depth,
    missing,
    lost: missing - wanted,
    holes: holes.map(({ event_id: eventId, first_seen: firstSeen, tries, due, asked }) => ({
      ...{ eventId, firstSeen, tries, isLost: due === null },
      asked: [...askedServers({ asked })].map(([server, outcome]) => `${server}: ${outcome}`),
    })),
    incomplete: incomplete ?? null,
    aclAllowsUs: acl.allows(rooms.serverName),
    aclAllowsThem: acl.allows(server),
    refusal: refusal === undefined ? null : { at: refusal.ts, reason: refusal.reason },
    refused: refused.map(({ reason, rejected, events, newest }) => ({
      ...{ reason, isSoft: rejected === 0, events, newestAt: newest },
    })),
  };
}
