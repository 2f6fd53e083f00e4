import { authTypesFor } from '../../../core/auth/auth-types.ts';
import { type EventId, isEventId, type ServerName, type UserId } from '../../../core/ids.ts';
import {
  getArray,
  getInteger,
  getObject,
  getString,
  isObject,
  type Json,
  type JsonObject,
} from '../../../core/json.ts';
import { storedIds } from '../../../rooms/events.table.ts';
import { extremities } from '../../../rooms/extremities.table.ts';
import { someJoinedOfDomain } from '../../../rooms/members.table.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Room } from '../../../rooms/room.ts';
import { roomHead } from '../../../rooms/rooms.table.ts';
import { RefusedError, UnreachableError } from '../../transport/errors.ts';
import type { FederationClient } from '../../transport/federation-client.ts';
import { path } from '../../transport/request-target.ts';
import { waitingSince } from '../doctor.table.ts';
import type { ProbeFacts } from '../facts.ts';

export interface ProbeParts {
  readonly rooms: RoomsParts;
  readonly client: Pick<FederationClient, 'request'>;
}

export interface ProbeQuestion {
  readonly server: ServerName;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 10_000;
const MOST_HEADS = 100;
/** Unknown heads that are looked at: whose they are and when they were made. */
const MOST_LOOKED_AT = 5;

/** Asks a server what a room ends with there, and takes nothing in. Null where none of our users is in the room. */
export async function gatherProbe(parts: ProbeParts, room: Room, question: ProbeQuestion): Promise<ProbeFacts | null> {
  const { rooms } = parts;
  const user = await someUser(rooms, room);
  if (user === undefined) return null;
  const at = rooms.clock.now();
  const nothing = { at, errcode: null, error: null, heads: [], unknown: [], depth: null, authThere: [], authHere: [] };
  try {
    const event = await template(parts, room, user, question);
    const heads = idsIn(event, 'prev_events').slice(0, MOST_HEADS);
    const stored = await storedIds(rooms.db, heads);
    const missing = heads.filter(id => !stored.has(id));
    const waiting = await waitingSince(rooms.db, missing);
    const unknown = await Promise.all(
      missing.map(async (id, rank) => {
        const waitsSince = waiting.get(id);
        return {
          ...(await head(parts, id, rank < MOST_LOOKED_AT, question)),
          ...(waitsSince !== undefined && { waitsSince }),
        };
      }),
    );
    const authHere = await authorisersHere(rooms, room, user, heads);
    const authThere = authHere === undefined ? [] : idsIn(event, 'auth_events');
    return {
      ...nothing,
      status: 200,
      heads,
      unknown,
      depth: getInteger(event, 'depth') ?? null,
      authThere,
      authHere: authHere ?? [],
    };
  } catch (error) {
    if (error instanceof RefusedError)
      return { ...nothing, status: error.status, errcode: error.errcode ?? null, error: error.message };
    if (error instanceof UnreachableError) return { ...nothing, status: 0, error: error.message };
    throw error;
  }
}

async function template(
  { client }: ProbeParts,
  room: Room,
  user: UserId,
  { server, signal }: ProbeQuestion,
): Promise<JsonObject> {
  const answer = await client.request(server, {
    method: 'GET',
    path: path`/_matrix/federation/v1/make_leave/${room.roomId}/${user}`,
    timeoutMs: TIMEOUT_MS,
    signal,
  });
  return (isObject(answer) ? getObject(answer, 'event') : undefined) ?? {};
}

export async function someUser({ nids, db, serverName }: RoomsParts, room: Room): Promise<UserId | undefined> {
  const domainNid = await nids.domains.findOne(db, serverName);
  const userNid = domainNid === undefined ? undefined : await someJoinedOfDomain(db, room.nid, domainNid);
  return userNid === undefined ? undefined : ((await nids.users.name(db, userNid)) as UserId);
}

async function head({ client }: ProbeParts, eventId: EventId, isLookedAt: boolean, { server, signal }: ProbeQuestion) {
  const nothing = { eventId, sender: null, ts: null };
  if (!isLookedAt) return nothing;
  try {
    const request = {
      method: 'GET' as const,
      path: path`/_matrix/federation/v1/event/${eventId}`,
      timeoutMs: TIMEOUT_MS,
      signal,
    };
    const answer = await client.request(server, request);
    const pdu = isObject(answer) ? getArray(answer, 'pdus')?.[0] : undefined;
    if (!isObject(pdu)) return nothing;
    return { eventId, sender: getString(pdu, 'sender') ?? null, ts: getInteger(pdu, 'origin_server_ts') ?? null };
  } catch (error) {
    if (error instanceof RefusedError || error instanceof UnreachableError) return nothing;
    throw error;
  }
}

/** What would authorise the same event here; undefined where the room does not end with the same events. */
async function authorisersHere(
  rooms: RoomsParts,
  room: Room,
  user: UserId,
  heads: readonly EventId[],
): Promise<EventId[] | undefined> {
  const { db } = rooms;
  const ends = await rooms.events.byNids(db, await extremities(db, room.nid));
  const ours = [...ends.values()].map(({ event }) => event.id);
  if (ours.length !== heads.length || !ours.every(id => heads.includes(id))) return undefined;
  const { state_root: root } = await roomHead(db, room.nid);
  const subject = { type: 'm.room.member', sender: user, stateKey: user, content: { membership: 'leave' } };
  const events = await rooms.state.events(db, room, root, authTypesFor(subject, room.version));
  return events.map(({ event }) => event.id);
}

/** Old room versions name events by pairs of ID and hash. */
function idsIn(event: JsonObject, field: string): EventId[] {
  const named: readonly Json[] = getArray(event, field) ?? [];
  return named
    .map(each => (Array.isArray(each) ? (each[0] as Json) : each))
    .filter((id): id is EventId => typeof id === 'string' && isEventId(id));
}
