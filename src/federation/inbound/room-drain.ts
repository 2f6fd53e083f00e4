import type { Timer } from '../../base/clock.ts';
import type { Shares } from '../../cluster/shares.ts';
import { type Event, EventError } from '../../core/event.ts';
import type { UserId } from '../../core/ids.ts';
import type { Json } from '../../core/json.ts';
import { DatabaseUnavailableError, type Queryable } from '../../db/database.ts';
import { currentMembership, isResident } from '../../rooms/current-membership.ts';
import { ingest } from '../../rooms/ingest.ts';
import { authIdsOf } from '../../rooms/judge-event.ts';
import { storeOutOfBand } from '../../rooms/out-of-band.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';
import { lockRoom } from '../../rooms/rooms.table.ts';
import { writeRoom } from '../../rooms/write-room.ts';
import { type CheckedEvents, readPdu } from '../events/checked-events.ts';
import { sortedByPrevious } from '../gaps/event-order.ts';
import type { GapFiller } from '../gaps/gap-filler.ts';
import { noteReturned } from '../gaps/note-returned.ts';
import { GapError } from '../gaps/peer-error.ts';
import type { JoiningRooms } from '../joining/joining-rooms.ts';
import { recommended, UnheardError } from '../policy/recommended.ts';
import { reasonOf } from '../transport/errors.ts';
import {
  dueInRoom,
  dueRooms,
  type InboxRow,
  LONGEST_RETRY_MS,
  nextDue,
  postpone,
  removeFromInbox,
  waitingInRoom,
} from './inbox.table.ts';

export interface RoomDrainParts {
  readonly rooms: RoomsParts;
  readonly checked: CheckedEvents;
  readonly gaps: GapFiller;
  readonly joining: JoiningRooms;
  /** The shards whose rooms are drained here. */
  readonly shards: Shares;
}

/** The bus subject on which another process is told of a room for which something has come, as JSON `{nid, shard}`. */
const INBOX_SUBJECT = 'inbox';

/** Rooms that are drained side by side: a slow one waits for its peer, not for us. */
const SIDE_BY_SIDE = 8;
/** Events of a room that are taken in before another room's turn. */
const TURN = 50;
const FIRST_RETRY_MS = 5000;
/**
 * An event that cannot be taken in for so long is set aside, once it was tried so often (two days): a clock that was wrong when it
 * came, or a server that was off, ends nothing.
 */
const LONGEST_TRYING_MS = 7 * 24 * 3_600_000;
const FEWEST_TRIES = 60;
/** So often a policy server that does not answer is waited for, twenty minutes in all. */
const TRIES_FOR_POLICY = 8;
/** Errors of our own are not waited for that long. */
const MOST_FAILURES = 10;
const AFTER_FAILURE_MS = 5000;
/** The bus may lose a message of another process, and mostly knows when. */
const LOOK_ANYWAY_MS = 60_000;

/** Of what waits and authorises what came, what authorises that, and so on: an invite, a join, levels. */
const LONGEST_CHAIN = 5;

type OfShard = Pick<Room, 'nid' | 'shard'>;

interface Waiting {
  readonly row: InboxRow;
  readonly event: Event;
}

/** Takes in what lies in the inbox: rooms side by side, the events of a room one after the other. */
export class RoomDrain implements AsyncDisposable {
  readonly #parts: RoomDrainParts;
  /** Rooms with their shards. */
  readonly #waiting = new Map<number, number>();
  readonly #running = new Map<number, Promise<void>>();
  /** Rooms that wait a moment after a failure. */
  readonly #resting = new Set<number>();
  readonly #subscriptions: readonly Disposable[];
  #timer: Timer | undefined;
  /** When `#timer` looks into the inbox. */
  #nextLook = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(parts: RoomDrainParts) {
    this.#parts = parts;
    const { bus } = parts.rooms;
    this.#subscriptions = [
      bus.subscribe(INBOX_SUBJECT, message => this.#hear(JSON.parse(message) as OfShard)),
      bus.missed(() => void this.#lookForDue()),
    ];
  }

  /** Takes up what an earlier run left, or another process. */
  async start(): Promise<void> {
    await this.#lookForDue();
  }

  /** Something has come for a room. */
  wake(room: OfShard): void {
    const { shards, rooms } = this.#parts;
    if (shards.owns(room.shard)) this.#add(room);
    else rooms.bus.publish(INBOX_SUBJECT, JSON.stringify({ nid: room.nid, shard: room.shard }));
  }

  #add({ nid, shard }: OfShard): void {
    this.#waiting.set(nid, shard);
    this.#pump();
  }

  #hear(room: OfShard): void {
    if (this.#parts.shards.owns(room.shard)) this.#add(room);
  }

  /** Rooms that have work to be done now. */
  get busy(): number {
    return this.#waiting.size + this.#running.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    this.#timer?.cancel();
    await Promise.all(this.#running.values());
  }

  #pump(): void {
    for (const [roomNid, shard] of this.#waiting) {
      if (this.#isClosed || this.#running.size >= SIDE_BY_SIDE) return;
      if (this.#running.has(roomNid) || this.#resting.has(roomNid)) continue;
      this.#waiting.delete(roomNid);
      if (!this.#parts.shards.owns(shard)) continue;
      const turn = this.#turn({ nid: roomNid, shard }).finally(() => {
        this.#running.delete(roomNid);
        // Nobody looks into the inbox for it: what came meanwhile was told, and what has to wait has set the clock.
        this.#pump();
      });
      this.#running.set(roomNid, turn);
    }
  }

  /** Wakes the rooms in which something is due, and sets the clock for what is due later. */
  async #lookForDue(): Promise<void> {
    const { rooms, shards } = this.#parts;
    if (this.#isClosed) return;
    const now = rooms.clock.now();
    this.#timer?.cancel();
    this.#nextLook = Number.POSITIVE_INFINITY;
    let next = now + AFTER_FAILURE_MS;
    try {
      const owned = shards.owned();
      for (const { nid, shard } of await dueRooms(rooms.db, owned, now)) this.#waiting.set(nid, shard);
      // What is due now has its turn, or waits for the one that its room has: looking again would only find it again.
      const due = await nextDue(rooms.db, owned, now);
      next = Math.min(due ?? Number.POSITIVE_INFINITY, now + LOOK_ANYWAY_MS);
    } catch (error) {
      rooms.log.warn('Looking into the inbox failed; it is tried again in a moment.', { err: error });
    }
    this.#lookBy(next);
    this.#pump();
  }

  /** Has the inbox looked into at that moment at the latest. */
  #lookBy(at: number): void {
    const { clock } = this.#parts.rooms;
    if (this.#isClosed || at >= this.#nextLook) return;
    this.#timer?.cancel();
    this.#nextLook = at;
    this.#timer = clock.after(Math.max(at - clock.now(), 1), () => void this.#lookForDue());
  }

  /** Never throws. */
  async #turn({ nid: roomNid, shard }: OfShard): Promise<void> {
    const { rooms } = this.#parts;
    try {
      const rows = await dueInRoom(rooms.db, roomNid, rooms.clock.now(), TURN);
      const room = (await rooms.rooms.byNids(rooms.db, [roomNid])).get(roomNid);
      if (room !== undefined) await this.#takeAll(room, rows);
      else await rooms.db.tx(tx => removeFromInbox(tx, rowNids(rows)));
      if (rows.length === TURN) this.#waiting.set(roomNid, shard);
    } catch (error) {
      rooms.log.error('Taking in events of other servers failed; it goes on in a moment.', { err: error, roomNid });
      this.#rest({ nid: roomNid, shard });
    }
  }

  /** What is due in the room stays due: without a pause it would have its next turn at once. */
  #rest({ nid, shard }: OfShard): void {
    this.#resting.add(nid);
    this.#parts.rooms.clock.after(AFTER_FAILURE_MS, () => {
      this.#resting.delete(nid);
      if (!this.#isClosed) this.wake({ nid, shard });
    });
  }

  async #takeAll(room: Room, rows: readonly InboxRow[]): Promise<void> {
    const { checked } = this.#parts;
    const due = await this.#read(room, rows);
    const all = [...(await this.#authorising(room, due)), ...due];
    const verdicts = await checked.verify(all.map(({ event }) => event));
    for (const [at, { row, event }] of all.entries()) {
      const verdict = verdicts[at];
      if (verdict === undefined || !this.#mayWork(room)) continue;
      if (verdict.outcome === 'good') await this.#take(room, row, event);
      else if (verdict.outcome === 'unverified') await this.#later(room, row, verdict.reason);
      else await this.#drop(room, row, verdict.reason);
    }
  }

  /** Rows with their events, each after what it builds on; those that nobody can read are removed. */
  async #read(room: Room, rows: readonly InboxRow[]): Promise<readonly Waiting[]> {
    const { rooms } = this.#parts;
    const read = rows.map(row => readPdu(JSON.parse(row.json) as Json, room.version, rooms.crypto));
    const broken = rows.filter((_, at) => read[at] instanceof EventError);
    if (broken.length > 0) await rooms.db.tx(tx => removeFromInbox(tx, rowNids(broken)));
    const byId = new Map(rows.map(row => [row.event_id, row]));
    return sortedByPrevious(read.filter((event): event is Event => !(event instanceof EventError))).flatMap(event => {
      const row = byId.get(event.id);
      return row === undefined ? [] : [{ row, event }];
    });
  }

  /**
   * What authorises events that came, and waits itself: the server whose keys it waited for may be there again. Without it
   * they would be rejected for good.
   */
  async #authorising(room: Room, due: readonly Waiting[]): Promise<readonly Waiting[]> {
    const { rooms } = this.#parts;
    const seen = new Set(due.map(({ event }) => event.id));
    let found: readonly Waiting[] = [];
    for (let next = due, step = 0; next.length > 0 && step < LONGEST_CHAIN; step++) {
      const ids = new Set(next.flatMap(({ event }) => authIdsOf(event)).filter(id => !seen.has(id)));
      for (const id of ids) seen.add(id);
      next = ids.size === 0 ? [] : await this.#read(room, await waitingInRoom(rooms.db, room.nid, [...ids]));
      found = [...next, ...found];
    }
    return found;
  }

  #mayWork({ shard }: Room): boolean {
    return !this.#isClosed && this.#parts.shards.owns(shard);
  }

  async #take(room: Room, row: InboxRow, event: Event): Promise<void> {
    const { rooms, gaps, joining } = this.#parts;
    try {
      if (joining.has(room)) return await this.#later(room, row, 'we are coming into the room');
      if (!(await isResident(rooms, rooms.db, room))) {
        if (joining.isInDoubt) return await this.#later(room, row, 'another process may be coming into the room');
        return await this.#takeFromOutside(room, row, event);
      }
      const origin = await rooms.nids.domains.name(rooms.db, row.origin_nid);
      const options = await gaps.prepare(room, event, origin, row.tries);
      const heard = await recommended(rooms, room, event, { isLast: row.tries >= TRIES_FOR_POLICY });
      const { outcome, reason } = await writeRoom(rooms, room, async tx => {
        await removeFromInbox(tx, [row.nid]);
        const ingested = await ingest(rooms, tx, room, heard.event, { ...options, unwanted: heard.unwanted });
        await noteReturned(rooms, tx, event, origin, ingested.outcome);
        return ingested;
      });
      if (outcome === 'rejected' || outcome === 'soft-failed')
        rooms.log.info(`An event of another server is ${outcome}.`, { ...about(room, row), origin, reason });
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) throw error;
      const isOthers = error instanceof GapError || error instanceof UnheardError;
      if (!isOthers)
        rooms.log.error('An event of another server cannot be taken in.', { ...about(room, row), err: error });
      const isOurs = !isOthers && row.tries >= MOST_FAILURES;
      await this.#later(room, row, reasonOf(error), isOurs);
    }
  }

  /** Of a room that we are not in only what ends an invite or a knock of one of our users concerns us. */
  async #takeFromOutside(room: Room, row: InboxRow, event: Event): Promise<void> {
    const { rooms } = this.#parts;
    await writeRoom(rooms, room, async tx => {
      // Another process may be keeping the next knock or invite, which this event does not end.
      await lockRoom(tx, room.nid);
      await removeFromInbox(tx, [row.nid]);
      if (await endsPending(rooms, tx, room, event)) await storeOutOfBand(rooms, tx, room, event, []);
    });
  }

  async #later(room: Room, row: InboxRow, reason: string, isHopeless = false): Promise<void> {
    const { rooms } = this.#parts;
    const now = rooms.clock.now();
    const isOver = isHopeless || (now - row.received_ts > LONGEST_TRYING_MS && row.tries >= FEWEST_TRIES);
    const due = isOver ? null : now + Math.min(FIRST_RETRY_MS * 2 ** row.tries, LONGEST_RETRY_MS);
    await rooms.db.tx(tx => postpone(tx, row.nid, { due, reason }));
    if (due !== null) this.#lookBy(due);
    const what = isOver ? 'An event of another server is set aside.' : 'An event of another server has to wait.';
    rooms.log[isOver ? 'warn' : 'debug'](what, { ...about(room, row), reason });
  }

  async #drop(room: Room, row: InboxRow, reason: string): Promise<void> {
    const { rooms } = this.#parts;
    await rooms.db.tx(tx => removeFromInbox(tx, [row.nid]));
    rooms.log.info('An event of another server is refused.', { ...about(room, row), reason });
  }
}

/**
 * Whether an event ends a membership of one of our users that came from outside. An invite is withdrawn by who made it:
 * whether anybody else may we cannot know.
 */
export async function endsPending(rooms: RoomsParts, db: Queryable, room: Room, event: Event): Promise<boolean> {
  if (event.type !== 'm.room.member' || event.stateKey === undefined) return false;
  if (!event.stateKey.endsWith(`:${rooms.serverName}`)) return false;
  const { membership } = event.content;
  if (membership !== 'leave' && membership !== 'ban') return false;
  const current = await currentMembership(rooms, db, room, event.stateKey as UserId);
  if (current?.membership !== 'invite' && current?.membership !== 'knock') return false;
  const pending = (await rooms.events.byNid(db, current.eventNid))?.event;
  // What ended an earlier one may come after the next one was made, which then rests on it.
  if (pending === undefined || pending.authIds.includes(event.id)) return false;
  return current.membership === 'knock' || pending.sender === event.sender;
}

function about(room: Room, row: InboxRow): { event: string; room: string } {
  return { event: row.event_id, room: room.roomId };
}

function rowNids(rows: readonly InboxRow[]): number[] {
  return rows.map(row => row.nid);
}
