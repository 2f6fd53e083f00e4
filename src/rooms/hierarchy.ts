import type { Clock } from '../base/clock.ts';
import type { RoomId, UserId } from '../core/ids.ts';
import { getArray, getOwn, getString, type JsonObject } from '../core/json.ts';
import { forbidden, invalidParam } from '../core/matrix-error.ts';
import type { Queryable } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import type { RemoteRooms, RemoteSummary, RoomSummary, SpaceChild } from './ports.ts';
import type { Room } from './room.ts';
import { mayKnow, membershipIn, ownRoom, roomSummary } from './room-summary.ts';
import { roomHead } from './rooms.table.ts';

export interface HierarchyQuery {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly suggestedOnly: boolean;
  readonly maxDepth: number;
  readonly limit: number;
  /** `next_batch` of the page before. */
  readonly from: string | undefined;
  /** For an administrator: rooms that the user may not know of, too. */
  readonly showsAll?: boolean;
}

/** Rooms that one walk looks at, shown or not: a space can be as deep and as wide as it likes. */
const MOST_ROOMS = 5000;
const MOST_CHILDREN = 2000;
/** Rooms that one walk asks other servers about, and for how long: a hostile space would have us ask for ever. */
const MOST_ASKED = 500;
const LONGEST_ASKING_MS = 30_000;

/**
 * A page of the tree of a space, depth first (client-server API, `GET /rooms/{roomId}/hierarchy`). A page's token says
 * how many rooms came before it: the walk is done again up to there, so that any process can go on with it.
 *
 * @throws MatrixError M_FORBIDDEN when the space itself may not be known to the user, M_INVALID_PARAM for the token
 */
export async function hierarchy(
  parts: RoomsParts,
  db: Queryable,
  query: HierarchyQuery,
  remote: RemoteRooms | undefined,
): Promise<JsonObject> {
  const skipped = query.from === undefined ? 0 : parseToken(query.from, query);
  const rooms: JsonObject[] = [];
  let seen = 0;
  for await (const room of walk(parts, db, query, remote)) {
    if (seen++ < skipped) continue;
    if (rooms.length === query.limit) return { rooms, next_batch: formatToken(seen - 1, query) };
    rooms.push(room);
  }
  if (seen === 0) throw forbidden('You are not allowed to view this room, or it does not exist.');
  return { rooms };
}

interface Step {
  readonly roomId: RoomId;
  readonly depth: number;
  readonly via: readonly string[];
  /** What the server that told of the space said of this room too. */
  readonly told?: { readonly summary: RoomSummary | undefined };
}

/** The rooms that the user may know of, parents before children, each once. */
async function* walk(
  parts: RoomsParts,
  db: Queryable,
  query: HierarchyQuery,
  remote: RemoteRooms | undefined,
): AsyncIterableIterator<JsonObject> {
  const seen = new Set<RoomId>();
  const stack: Step[] = [{ roomId: query.roomId, depth: 0, via: [] }];
  const others = remote && new Others(parts, remote);
  for (let step = stack.pop(); step !== undefined && seen.size < MOST_ROOMS; step = stack.pop()) {
    if (seen.has(step.roomId)) continue;
    seen.add(step.roomId);
    const found = await look(parts, db, step, others);
    if (found === undefined) continue;
    if (!(await isShown(parts, db, found, query))) continue;
    const children = found.children.filter(({ suggested }) => suggested || !query.suggestedOnly);
    yield { ...found.summary.chunk, children_state: children.map(({ event }) => event) };
    if (step.depth >= query.maxDepth) continue;
    for (const child of children.toReversed()) stack.push(stepTo(child, found, step.depth + 1));
  }
}

async function isShown(
  parts: RoomsParts,
  db: Queryable,
  { summary }: RemoteSummary,
  { showsAll, userId }: HierarchyQuery,
): Promise<boolean> {
  if (showsAll === true) return true;
  return mayKnow(parts, db, summary, userId, await membershipIn(parts, db, summary.roomId, userId));
}

function stepTo({ roomId, via }: SpaceChild, { told }: RemoteSummary, depth: number): Step {
  const step = { roomId, via, depth };
  return told.has(roomId) ? { ...step, told: { summary: told.get(roomId) } } : step;
}

async function look(
  parts: RoomsParts,
  db: Queryable,
  step: Step,
  others: Others | undefined,
): Promise<RemoteSummary | undefined> {
  const room = await ownRoom(parts, db, step.roomId, others?.remote);
  if (room === undefined) return others?.look(step);
  const summary = await roomSummary(parts, db, room);
  if (summary === undefined) return undefined;
  return { summary, children: summary.isSpace ? await spaceChildren(parts, db, room) : [], told: NOTHING };
}

const NOTHING: ReadonlyMap<RoomId, undefined> = new Map();

/** Looks at rooms that we are not in, within what one walk may ask others. */
class Others {
  readonly remote: RemoteRooms;
  readonly #clock: Clock;
  readonly #until: number;
  #asked = 0;

  constructor({ clock }: Pick<RoomsParts, 'clock'>, remote: RemoteRooms) {
    this.remote = remote;
    this.#clock = clock;
    this.#until = clock.monotonic() + LONGEST_ASKING_MS;
  }

  async look({ roomId, via, told }: Step): Promise<RemoteSummary | undefined> {
    // Only the children of a space are still to be asked for.
    if (told !== undefined && told.summary?.isSpace !== true)
      return told.summary && { summary: told.summary, children: [], told: NOTHING };
    if (this.#asked++ >= MOST_ASKED || this.#clock.monotonic() > this.#until) return undefined;
    return this.remote.summary(roomId, via);
  }
}

/** The children of a space of ours, in their order. */
export async function spaceChildren(parts: RoomsParts, db: Queryable, room: Room): Promise<SpaceChild[]> {
  const { state_root: root } = await roomHead(db, room.nid);
  const children: SpaceChild[] = [];
  for await (const { event } of parts.state.ofType(db, room, root, 'm.space.child')) {
    const { type, stateKey, sender, content, ts } = event;
    const child = spaceChild({ type, state_key: stateKey ?? '', sender, content, origin_server_ts: ts });
    if (child !== undefined) children.push(child);
    if (children.length === MOST_CHILDREN) break;
  }
  return children.sort(inOrder);
}

/** A child by its stripped event; undefined for what is none (any more): without `via`. */
export function spaceChild(
  event: JsonObject & { readonly content: JsonObject; readonly state_key: string; readonly origin_server_ts: number },
): SpaceChild | undefined {
  const via = (getArray(event.content, 'via') ?? []).filter(server => typeof server === 'string');
  if (via.length === 0) return undefined;
  const order = getString(event.content, 'order');
  return {
    roomId: event.state_key as RoomId,
    via,
    suggested: getOwn(event.content, 'suggested') === true,
    order: order !== undefined && VALID_ORDER.test(order) ? order : undefined,
    ts: event.origin_server_ts,
    event,
  };
}

const VALID_ORDER = /^[\x20-\x7e]{1,50}$/;

/** Client-server API, "Ordering of children within a space". */
export function inOrder(a: SpaceChild, b: SpaceChild): number {
  if (a.order !== b.order) {
    // Those without an order come last.
    if (a.order === undefined) return 1;
    if (b.order === undefined) return -1;
    return a.order < b.order ? -1 : 1;
  }
  return a.ts - b.ts || (a.roomId < b.roomId ? -1 : 1);
}

function formatToken(seen: number, { maxDepth, suggestedOnly }: HierarchyQuery): string {
  return `h${seen}.${maxDepth}.${suggestedOnly ? 1 : 0}`;
}

function parseToken(text: string, { maxDepth, suggestedOnly }: HierarchyQuery): number {
  const [, seen, depth, suggested] = /^h(\d{1,6})\.(\d{1,6})\.([01])$/.exec(text) ?? [];
  if (seen === undefined) throw invalidParam('That is not a page of this space.');
  if (Number(depth) !== maxDepth || (suggested === '1') !== suggestedOnly) {
    throw invalidParam('suggested_only and max_depth cannot change from page to page.');
  }
  return Number(seen);
}
