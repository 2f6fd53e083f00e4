import { EventError } from '../../core/event.ts';
import type { EventId, ServerName, UserId } from '../../core/ids.ts';
import type { Json } from '../../core/json.ts';
import { placedEvents } from '../../rooms/history.ts';
import { someJoinedOfDomain } from '../../rooms/members.table.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';
import { readPdu } from '../events/checked-events.ts';
import type { PeerChoice } from '../gaps/peer-choice.ts';
import type { PeerEvents } from '../gaps/peer-events.ts';
import { RefusedError, UnreachableError } from '../transport/errors.ts';
import { forgetRefusal, recordRefusal, refusalsSince } from './room-probe.table.ts';

/** Takes events that came by asking as if their server had sent them: on disk when this resolves. */
export interface EventTaker {
  take(
    origin: ServerName,
    room: Room,
    events: readonly { readonly eventId: EventId; readonly json: string }[],
  ): Promise<void>;
}

export interface HeadProbeParts {
  readonly rooms: RoomsParts;
  readonly peers: Pick<PeerEvents, 'heads' | 'event'>;
  readonly choice: PeerChoice;
  readonly inbox: EventTaker;
}

/**
 * `behind`: the server has newer events than we, which are in the inbox now. `more`: it may have more than it named, so it
 * is to be asked again. `refused`: it does not tell, since an ACL is
 * against us or it does not know our user as joined. `nobody`: none of our users is joined.
 */
export type ProbeOutcome = 'level' | 'behind' | 'more' | 'refused' | 'unreachable' | 'nobody';

/** Synapse names so many heads and no more. */
const MANY_HEADS = 10;
const MOST_FETCHED = 20;

/**
 * Asks a server what the room ends with there. A lost tail leaves no hole: nothing that came names it. The question is
 * signed, so it also tells the server that we are there again.
 */
export async function probeHeads(parts: HeadProbeParts, room: Room, server: ServerName): Promise<ProbeOutcome> {
  const { rooms, peers, choice } = parts;
  const user = await someUser(rooms, room);
  if (user === undefined) return 'nobody';
  try {
    const heads = await peers.heads(server, room.roomId, user);
    choice.answered(server);
    await allowed(rooms, room, server);
    const placed = await placedEvents(rooms, rooms.db, room, heads);
    const unknown = heads.filter(id => !placed.has(id));
    if (unknown.length > 0) await fetchHeads(parts, room, server, unknown.slice(0, MOST_FETCHED));
    if (heads.length >= MANY_HEADS) return 'more';
    return unknown.length > 0 ? 'behind' : 'level';
  } catch (error) {
    if (error instanceof UnreachableError) return failed(choice, server);
    if (!(error instanceof RefusedError)) throw error;
    if (error.status !== 403 && error.status !== 404) return failed(choice, server);
    await refused(rooms, room, server, error.message);
    return 'refused';
  }
}

async function someUser({ nids, db, serverName }: RoomsParts, room: Room): Promise<UserId | undefined> {
  const domainNid = await nids.domains.findOne(db, serverName);
  const userNid = domainNid === undefined ? undefined : await someJoinedOfDomain(db, room.nid, domainNid);
  return userNid === undefined ? undefined : ((await nids.users.name(db, userNid)) as UserId);
}

/** The heads themselves; what lies before them is fetched when they are taken in. */
async function fetchHeads(
  { rooms, peers, inbox }: HeadProbeParts,
  room: Room,
  server: ServerName,
  ids: readonly EventId[],
): Promise<void> {
  const answers = await Promise.allSettled(ids.map(id => peers.event(server, id)));
  const pdus = answers.flatMap(answer => (answer.status === 'fulfilled' ? (answer.value ?? []) : [])) as Json[];
  const events = pdus.flatMap(pdu => {
    const event = readPdu(pdu, room.version, rooms.crypto);
    const isAsked = !(event instanceof EventError) && event.roomId === room.roomId && ids.includes(event.id);
    return isAsked ? [{ eventId: event.id, json: JSON.stringify(pdu) }] : [];
  });
  rooms.log.info('A server has newer events than we.', { room: room.roomId, server, heads: ids.length });
  await inbox.take(server, room, events);
}

function failed(choice: PeerChoice, server: ServerName): ProbeOutcome {
  choice.failed(server);
  return 'unreachable';
}

async function refused(rooms: RoomsParts, room: Room, server: ServerName, reason: string): Promise<void> {
  rooms.log.info('A server does not tell us what a room ends with.', { room: room.roomId, server, reason });
  await rooms.db.tx(async tx => {
    const domainNid = await rooms.nids.domains.internOne(tx, server);
    await recordRefusal(tx, room.nid, domainNid, { ts: rooms.clock.now(), reason });
  });
}

async function allowed(rooms: RoomsParts, room: Room, server: ServerName): Promise<void> {
  const domainNid = await rooms.nids.domains.findOne(rooms.db, server);
  if (domainNid === undefined || !(await refusalsSince(rooms.db, room.nid, 0)).includes(domainNid)) return;
  await rooms.db.tx(tx => forgetRefusal(tx, room.nid, domainNid));
}
