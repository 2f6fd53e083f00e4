import { sleep } from '../../../base/clock.ts';
import type { Event } from '../../../core/event.ts';
import type { ServerName } from '../../../core/ids.ts';
import { getString } from '../../../core/json.ts';
import { ruleAgainst } from '../../../core/server-acl.ts';
import { incompleteRoom } from '../../../rooms/incomplete-rooms.table.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { countUnjudged } from '../../../rooms/refused-events.table.ts';
import type { Room } from '../../../rooms/room.ts';
import { roomHead } from '../../../rooms/rooms.table.ts';
import { serverAclOf } from '../../../rooms/server-acl.ts';
import { askedServers } from '../../gaps/asked-servers.ts';
import { countHoles, endsOf, holesOf, refusalOf, roomsSharedWith } from '../doctor.table.ts';
import type { ProbeFacts, RoomFacts } from '../facts.ts';
import { gatherProbe, type ProbeParts } from './probe.ts';
import { gatherRefused } from './refused.ts';
import { type DifferenceParts, StateComparison } from './state-difference.ts';
import { twice } from './twice.ts';

export interface RoomsQuestion {
  readonly server: ServerName;
  readonly domainNid: number;
  /** Whether the server answers: else it is not asked. */
  readonly isReached: boolean;
  readonly signal: AbortSignal;
  /** How many rooms are looked at, and how long after one the next is asked about. */
  readonly rooms: number;
  readonly pauseMs: number;
  /** How long after an answer that says that something is wrong the same is asked again. */
  readonly doubtMs: number;
  /** Of how many rooms the state is compared where nothing shows that it differs. */
  readonly states: number;
}

/** Rooms that are looked at: those with most missing first, then the largest. */
export const MOST_ROOMS = 200;
const MOST_HOLES = 20;
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
  const probes = new CarefulProbes(parts, question);
  const comparison = new StateComparison(parts, question);
  for (const { room_nid, here, there, others } of shared) {
    const room = found.get(room_nid);
    if (room === undefined) continue;
    const probe = isAsked && !question.signal.aborted ? await probes.of(room) : null;
    if (probe !== null && ENOUGH.has(probe.status)) isAsked = false;
    if (probe !== null && question.pauseMs > 0) await sleep(rooms.clock, question.pauseMs, question.signal);
    const difference = await comparison.of(room, probe);
    const stored = await storedFacts(rooms, room, { ...question, own });
    facts.push({ ...stored, joinedHere: here, joinedThere: there, otherServers: others, probe, difference });
  }
  return facts;
}

async function stateEvent({ db, state }: RoomsParts, room: Room, type: string): Promise<Event | undefined> {
  const { state_root: root } = await roomHead(db, room.nid);
  return state.event(db, room, root, type);
}

async function aclFacts(
  rooms: RoomsParts,
  room: Room,
  server: ServerName,
): Promise<NonNullable<RoomFacts['acl']> | null> {
  const event = await stateEvent(rooms, room, 'm.room.server_acl');
  if (event === undefined) return null;
  const { id: eventId, sender, ts: at, content } = event;
  const [us, them] = [rooms.serverName, server].map(name => ruleAgainst(content, name) ?? null);
  return { eventId, sender, at, us: us ?? null, them: them ?? null };
}

async function aliasOf(rooms: RoomsParts, room: Room): Promise<string | null> {
  const event = await stateEvent(rooms, room, 'm.room.canonical_alias');
  return (event === undefined ? undefined : getString(event.content, 'alias')) ?? null;
}

/** Of so many rooms of a server the answer is not believed at once where it says that something is wrong. */
const MOST_DOUBTED = 3;

/** Asks again after a pause where the first answer is none, or names what may be on its way. */
class CarefulProbes {
  readonly #parts: ProbeParts;
  readonly #question: RoomsQuestion;
  #doubts = MOST_DOUBTED;

  constructor(parts: ProbeParts, question: RoomsQuestion) {
    this.#parts = parts;
    this.#question = question;
  }

  of(room: Room): Promise<ProbeFacts | null> {
    const look = () => gatherProbe(this.#parts, room, this.#question);
    const isEnough = (probe: ProbeFacts | null) => isPlain(probe) || this.#doubts-- <= 0;
    return twice(this.#parts.rooms.clock, look, isEnough, this.#question.doubtMs);
  }
}

function isPlain(probe: ProbeFacts | null): boolean {
  if (probe === null) return true;
  if (probe.status !== 200) return probe.status !== 0 && probe.status < 500 && probe.status !== 429;
  // Of those that are looked at another answer says the same. To ask again would wake who backs off, and hide it.
  if (probe.unknown.length > 0) return probe.unknown.some(({ ts }) => ts !== null);
  return probe.authThere.every(id => probe.authHere.includes(id));
}

async function storedFacts(
  rooms: RoomsParts,
  room: Room,
  { server, domainNid, own }: RoomsQuestion & { readonly own: number },
): Promise<Omit<RoomFacts, 'joinedHere' | 'joinedThere' | 'otherServers' | 'probe' | 'difference'>> {
  const { db } = rooms;
  const acl = await serverAclOf(rooms, db, room);
  const { ends, depth } = await endsOf(db, room.nid);
  const { missing, wanted } = await countHoles(db, room.nid);
  const holes = missing === 0 ? [] : await holesOf(db, room.nid, MOST_HOLES);
  const refusal = await refusalOf(db, room.nid, domainNid);
  const incomplete = await incompleteRoom(db, room.nid);
  const refused = await gatherRefused(rooms, room, domainNid);
  return {
    roomId: room.roomId,
    alias: await aliasOf(rooms, room),
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
    acl: await aclFacts(rooms, room, server),
    aclAllowsUs: acl.allows(rooms.serverName),
    aclAllowsThem: acl.allows(server),
    refusal: refusal === undefined ? null : { at: refusal.ts, reason: refusal.reason },
    refused,
    unjudged: refused.length === 0 ? 0 : await countUnjudged(db, room.nid, own),
  };
}
