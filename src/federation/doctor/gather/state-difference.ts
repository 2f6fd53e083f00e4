import { type Event, EventError } from '../../../core/event.ts';
import type { EventId, ServerName } from '../../../core/ids.ts';
import { isObject, type Json, type JsonObject } from '../../../core/json.ts';
import { eventIdsOf } from '../../../rooms/events.table.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { OUTLIER, REJECTED, type Room, SOFT_FAILED, type StoredEvent } from '../../../rooms/room.ts';
import { readPdu } from '../../events/checked-events.ts';
import { quietly } from '../../gaps/peer-error.ts';
import type { PeerEvents } from '../../gaps/peer-events.ts';
import type { DifferenceFacts, ProbeFacts } from '../facts.ts';

export interface DifferenceParts {
  readonly rooms: RoomsParts;
  readonly peers: Pick<PeerEvents, 'stateIds' | 'event'>;
}

/** Of larger states nothing is compared where nothing shows that they differ: their IDs alone are megabytes. */
const MOST_ENTRIES = 10_000;
/** Where something shows that, or somebody wants to know: 5 MB of IDs, and as much of their auth chain. */
const MOST_ENTRIES_OF_SUSPECTS = 100_000;
/** Refused events that are passed on the way back to one that we have in the room. */
const MOST_REFUSED = 200;
const MOST_SHOWN = 20;
const MOST_FIELDS = 12;
const LONGEST_VALUE = 100;
const BATCH = 500;

/** What two servers hold for the state of a room after the same event, by the events that only one of them has in it. */
export interface StateSides {
  readonly there: readonly EventId[];
  readonly here: readonly EventId[];
}

type Entry = DifferenceFacts['entries'][number];

/**
 * How the state that another server has of a room differs from ours. Null where it cannot be told: the room has several
 * ends there, or one that we lack, its state is too large, members of it are missing here, or the server does not say.
 */
export async function gatherDifference(
  parts: DifferenceParts,
  room: Room,
  server: ServerName,
  heads: readonly EventId[],
  most = MOST_ENTRIES_OF_SUSPECTS,
): Promise<DifferenceFacts | null> {
  const { rooms } = parts;
  const sides = await stateSides(parts, room, server, heads, most);
  if (sides === undefined) return null;
  const theirs = await theirEvents(parts, room, server, sides.there.slice(0, MOST_SHOWN));
  const ours = [...(await rooms.events.byIds(rooms.db, sides.here.slice(0, MOST_SHOWN))).values()];
  const entries = paired(
    theirs,
    ours.map(({ event }) => event),
  );
  const more = Math.max(sides.there.length, sides.here.length) - MOST_SHOWN;
  return { at: rooms.clock.now(), after: heads[0] ?? '', entries, more: Math.max(more, 0) };
}

/** Of how many rooms the state is compared because what the server would build on is not what we would. */
const MOST_SUSPECT = 5;

/** Compares the states of some rooms of an examination: those first that are known to differ. */
export class StateComparison {
  readonly #parts: DifferenceParts;
  readonly #question: { readonly server: ServerName; readonly signal: AbortSignal };
  #suspect = MOST_SUSPECT;
  #others: number;

  constructor(
    parts: DifferenceParts,
    question: { readonly server: ServerName; readonly signal: AbortSignal; readonly states: number },
  ) {
    this.#parts = parts;
    this.#question = question;
    this.#others = question.states;
  }

  async of(room: Room, probe: ProbeFacts | null): Promise<DifferenceFacts | null> {
    const { server, signal } = this.#question;
    if (probe?.status !== 200 || probe.unknown.length > 0 || signal.aborted) return null;
    const isSuspect = probe.authThere.some(id => !probe.authHere.includes(id));
    const left = isSuspect ? this.#suspect-- : this.#others--;
    const most = isSuspect ? MOST_ENTRIES_OF_SUSPECTS : MOST_ENTRIES;
    return left > 0 ? gatherDifference(this.#parts, room, server, probe.heads as EventId[], most) : null;
  }
}

/**
 * The event that a room ends with there. Where we refused it, that may be because our state is wrong: then the last event on the
 * way to it that we have in the room, which its state is compared with.
 */
async function ourEnd({ events, db }: RoomsParts, head: EventId): Promise<StoredEvent | undefined> {
  let end = await events.byId(db, head);
  for (let passed = 0; end !== undefined && (end.flags & (REJECTED | SOFT_FAILED)) !== 0; passed++) {
    const [before, ...others] = end.event.prevIds;
    const isPassed = before !== undefined && others.length === 0 && passed < MOST_REFUSED;
    end = isPassed ? await events.byId(db, before) : undefined;
  }
  return end === undefined || (end.flags & OUTLIER) !== 0 ? undefined : end;
}

/**
 * Undefined where the two cannot be compared: there is no one event that the room ends with there, and that we have, or there is
 * more state than `most`.
 */
export async function stateSides(
  { rooms, peers }: DifferenceParts,
  room: Room,
  server: ServerName,
  heads: readonly EventId[],
  most = MOST_ENTRIES_OF_SUSPECTS,
): Promise<StateSides | undefined> {
  const { db, trees } = rooms;
  const [head] = heads;
  const end = head === undefined || heads.length > 1 ? undefined : await ourEnd(rooms, head);
  if (head === undefined || end === undefined) return undefined;
  const root = end.stateAfter;
  if (await trees.isPartial(db, room.nid, root)) return undefined;
  if ((await trees.count(db, room.nid, root)) > most) return undefined;
  const told = await quietly(peers.stateIds(server, room.roomId, head), undefined);
  if (told === undefined) return undefined;
  const there = new Set(told.state);
  const here: EventId[] = [];
  for await (const id of idsAt(rooms, room, root)) if (!there.delete(id)) here.push(id);
  // What they told is the state before the last event, and ours is the one after it.
  return here.includes(head) ? withoutHead(rooms, end.event, { there: [...there], here }) : { there: [...there], here };
}

async function withoutHead(rooms: RoomsParts, head: Event, { there, here }: StateSides): Promise<StateSides> {
  const known = await rooms.events.byIds(rooms.db, there);
  const isReplaced = (id: EventId) => {
    const event = known.get(id)?.event;
    return event?.type === head.type && event.stateKey === head.stateKey;
  };
  return { there: there.filter(id => !isReplaced(id)), here: here.filter(id => id !== head.id) };
}

async function* idsAt({ db, trees }: RoomsParts, room: Room, root: number): AsyncIterableIterator<EventId> {
  let batch: number[] = [];
  for await (const [, nid] of trees.stream(db, room.nid, root)) {
    if (batch.push(nid) < BATCH) continue;
    yield* (await eventIdsOf(db, batch)).values();
    batch = [];
  }
  yield* (await eventIdsOf(db, batch)).values();
}

/** From our database, else as the server gives them; what comes is shown, not taken in. */
async function theirEvents(
  { rooms, peers }: DifferenceParts,
  room: Room,
  server: ServerName,
  ids: readonly EventId[],
): Promise<Event[]> {
  const known = await rooms.events.byIds(rooms.db, ids);
  const found: Event[] = [];
  for (const id of ids) {
    const stored = known.get(id)?.event;
    const pdu = stored === undefined ? await quietly(peers.event(server, id), undefined) : undefined;
    const event = stored ?? (pdu === undefined ? undefined : readPdu(pdu, room.version, rooms.crypto));
    if (event !== undefined && !(event instanceof EventError) && event.id === id && event.roomId === room.roomId)
      found.push(event);
  }
  return found;
}

function paired(theirs: readonly Event[], ours: readonly Event[]): Entry[] {
  const same = (a: Event) => (b: Event) => a.type === b.type && a.stateKey === b.stateKey;
  return [
    ...theirs.map(event => entryOf(event, ours.find(same(event)))),
    ...ours.filter(event => !theirs.some(same(event))).map(event => entryOf(undefined, event)),
  ];
}

function entryOf(there: Event | undefined, here: Event | undefined): Entry {
  const { type = '', stateKey = '' } = there ?? here ?? {};
  const fields = differing(leaves(there?.content ?? {}), leaves(here?.content ?? {}));
  return { type, stateKey, there: stated(there), here: stated(here), fields: fields.slice(0, MOST_FIELDS) };
}

function stated(event: Event | undefined): Entry['there'] {
  return event === undefined ? null : { eventId: event.id, sender: event.sender, ts: event.ts };
}

function differing(there: ReadonlyMap<string, string>, here: ReadonlyMap<string, string>): Entry['fields'] {
  const names = [...new Set([...there.keys(), ...here.keys()])];
  return names.flatMap(name => {
    const [theirs, ours] = [there.get(name) ?? null, here.get(name) ?? null];
    return theirs === ours ? [] : [{ name, there: theirs, here: ours }];
  });
}

/** The values of a content by their paths. */
function leaves(content: JsonObject, path = '', found = new Map<string, string>()): Map<string, string> {
  for (const [key, value] of Object.entries(content) as [string, Json][]) {
    const name = path === '' ? key : `${path} ${key}`;
    if (isObject(value)) leaves(value, name, found);
    else found.set(name, JSON.stringify(value).slice(0, LONGEST_VALUE));
  }
  return found;
}
