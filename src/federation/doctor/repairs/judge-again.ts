import type { Event } from '../../../core/event.ts';
import type { EventId, ServerName } from '../../../core/ids.ts';
import { DatabaseUnavailableError } from '../../../db/database.ts';
import { placedEvents } from '../../../rooms/history.ts';
import { lacksMembers } from '../../../rooms/incomplete-rooms.ts';
import { acquitOutlier, eventsBehind, judgeAgain } from '../../../rooms/judge-again.ts';
import { judgedUpTo, refusedAfter, setJudgedUpTo } from '../../../rooms/refused-events.table.ts';
import { resolveRoots } from '../../../rooms/resolve.ts';
import { OUTLIER, type Room, type StoredEvent } from '../../../rooms/room.ts';
import type { Root } from '../../../rooms/state-tree/state-trees.ts';
import { writeRoom } from '../../../rooms/write-room.ts';
import { quietly } from '../../gaps/peer-error.ts';
import { type ToldStateParts, toldState } from '../../gaps/told-state.ts';
import { recommended } from '../../policy/recommended.ts';
import { countText } from '../words.ts';
import { sharedRooms } from './shared-rooms.ts';

const MOST_ROOMS = 200;
const BATCH = 50;
/** Of one room. What is left is judged the next time. */
const MOST_EVENTS = 1000;
/** For all rooms together. */
const LONGEST_MS = 60_000;
/** States that the server is asked for: that of each refused event which does not build on others of them. */
const MOST_ASKED = 40;

/** Judges again what we refused in the rooms shared with a server, by the state that we have now: once, as long as that was right. */
export async function judgeSharedAgain(
  parts: ToldStateParts,
  server: ServerName,
  signal: AbortSignal,
): Promise<string[]> {
  const shared = await sharedRooms(parts.rooms, server, MOST_ROOMS);
  if (shared === undefined) return ['we share no room with it'];
  const { clock, serverName } = parts.rooms;
  const began = clock.monotonic();
  const lines: string[] = [];
  for (const room of shared.rooms) {
    if (signal.aborted || clock.monotonic() - began > LONGEST_MS) break;
    lines.push(...(await judgeRoomAgain(parts, room, serverName, signal)));
  }
  return lines.length > 0 ? lines : ['nothing that was refused is left to be judged again'];
}

/** Goes on where judging by what a server tells ended early, if it did. */
export async function judgeRestAgain(
  parts: ToldStateParts,
  room: Room,
  server: ServerName,
  signal: AbortSignal,
): Promise<string[]> {
  const { db, nids } = parts.rooms;
  const domainNid = await nids.domains.findOne(db, server);
  const hasBegun = domainNid !== undefined && (await judgedUpTo(db, room.nid, domainNid)) !== undefined;
  return hasBegun ? judgeRoomAgain(parts, room, server, signal) : [];
}

/**
 * Judges refused events of a room again, in the order in which they came: by the state before each as a server tells it,
 * resolved with what we have; ours tells what we have. Each is a transaction of its own, and what was done stays done. Lines
 * only where there were any.
 */
export async function judgeRoomAgain(
  parts: ToldStateParts,
  room: Room,
  server: ServerName,
  signal: AbortSignal,
): Promise<string[]> {
  const { rooms } = parts;
  if (await lacksMembers(rooms.db, room)) return [];
  const domainNid = await rooms.db.tx(tx => rooms.nids.domains.internOne(tx, server));
  const done = (await judgedUpTo(rooms.db, room.nid, domainNid)) ?? 0;
  const nids = await refusedAfter(rooms.db, room.nid, done, MOST_EVENTS + 1);
  if (nids.length === 0) return [];
  const court = new Court(parts, room, server);
  const upTo = (await court.judgeAll(nids.slice(0, MOST_EVENTS), signal)) ?? done;
  await rooms.db.tx(tx => setJudgedUpTo(tx, room.nid, domainNid, upTo));
  return [court.words(nids.at(-1) !== upTo)];
}

/** Judges events of one room. */
class Court {
  readonly #parts: ToldStateParts;
  readonly #room: Room;
  readonly #server: ServerName;
  /** The states after those that were judged again. */
  readonly #after = new Map<EventId, Root>();
  #behind: ReadonlySet<EventId> = new Set();
  #asked = 0;
  #shown = 0;
  #refused = 0;

  constructor(parts: ToldStateParts, room: Room, server: ServerName) {
    this.#parts = parts;
    this.#room = room;
    this.#server = server;
  }

  words(isMore: boolean): string {
    const more = isMore ? '; more are left: do it again' : '';
    return `${this.#room.roomId}: ${countText(this.#shown, 'event')} that we refused ${this.#shown === 1 ? 'is' : 'are'} shown now, ${this.#refused} still refused${more}`;
  }

  /** The number of the last one that was judged; undefined where none was. */
  async judgeAll(nids: readonly number[], signal: AbortSignal): Promise<number | undefined> {
    const { rooms } = this.#parts;
    const began = rooms.clock.monotonic();
    let last: number | undefined;
    for (let at = 0; at < nids.length; at += BATCH) {
      const some = nids.slice(at, at + BATCH);
      const events = await rooms.events.byNids(rooms.db, some, false);
      const lowest = Math.min(...[...events.values()].map(({ event }) => event.depth));
      this.#behind = await eventsBehind(rooms, rooms.db, this.#room, lowest);
      for (const nid of some) {
        const isLate = rooms.clock.monotonic() - began > LONGEST_MS;
        if (signal.aborted || isLate || this.#asked >= MOST_ASKED) return last;
        const stored = events.get(nid);
        if (stored !== undefined) await this.#judgeOrLog(stored);
        last = nid;
      }
    }
    return last;
  }

  /** One that cannot be judged keeps no other waiting. */
  async #judgeOrLog(stored: StoredEvent): Promise<void> {
    try {
      await this.#judge(stored);
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) throw error;
      const { log } = this.#parts.rooms;
      log.error('A refused event cannot be judged again.', { event: stored.event.id, err: error });
      this.#refused++;
    }
  }

  async #judge(stored: StoredEvent): Promise<void> {
    const { rooms } = this.#parts;
    if ((stored.flags & OUTLIER) !== 0) {
      await writeRoom(rooms, this.#room, tx => acquitOutlier(rooms, tx, stored));
      return;
    }
    const stateBefore = await this.#stateBefore(stored);
    const isShown = stateBefore !== undefined && (await this.#isAccepted(stored, stateBefore));
    if (isShown) this.#shown++;
    else this.#refused++;
  }

  async #isAccepted(stored: StoredEvent, stateBefore: Root): Promise<boolean> {
    const { rooms } = this.#parts;
    const { id } = stored.event;
    const { event, unwanted } = await recommended(rooms, this.#room, stored.event, { isLast: true });
    const anew = { stateBefore, unwanted, isBuiltOn: this.#behind.has(id) };
    const { outcome, stored: now } = await writeRoom(rooms, this.#room, tx =>
      judgeAgain(rooms, tx, this.#room, { event }, anew),
    );
    if (outcome === 'accepted') this.#after.set(id, now.stateAfter);
    else if (outcome === 'rejected') this.#after.set(id, stateBefore);
    if (outcome === 'accepted')
      rooms.log.info('An event that was refused is taken in.', { event: id, room: this.#room.roomId });
    return outcome === 'accepted';
  }

  /** Undefined where nothing is known of what it builds on. */
  async #stateBefore({ event }: StoredEvent): Promise<Root | undefined> {
    const { rooms } = this.#parts;
    const placed = await placedEvents(rooms, rooms.db, this.#room, event.prevIds);
    const roots = [...placed.values()].map(each => this.#after.get(each.event.id) ?? each.stateAfter);
    const told = await this.#told(event, roots);
    if (told !== undefined) return told;
    if (roots.length === 0) return undefined;
    return writeRoom(rooms, this.#room, tx => resolveRoots(rooms, tx, this.#room, roots));
  }

  /** After what was judged again nobody has to be asked. */
  async #told({ id, prevIds }: Event, known: readonly Root[]): Promise<Root | undefined> {
    const isKnown = known.length > 0 && prevIds.every(each => this.#after.has(each));
    if (isKnown || this.#server === this.#parts.rooms.serverName) return undefined;
    this.#asked++;
    return quietly(toldState(this.#parts, this.#room, id, this.#server, known), undefined);
  }
}
