import { Rounds, type Turn } from '../../base/rounds.ts';
import { type Event, EventError } from '../../core/event.ts';
import type { EventId, ServerName } from '../../core/ids.ts';
import type { Json } from '../../core/json.ts';
import { isResident } from '../../rooms/current-membership.ts';
import { storedIds } from '../../rooms/events.table.ts';
import { lacksMembers } from '../../rooms/incomplete-rooms.ts';
import { authIdsOf } from '../../rooms/judge-event.ts';
import { addLateState } from '../../rooms/late-state.ts';
import { type OutlierOutcome, storeOutliers } from '../../rooms/outliers.ts';
import type { Room } from '../../rooms/room.ts';
import { largestServers } from '../../rooms/room-domains.table.ts';
import { writeRoom } from '../../rooms/write-room.ts';
import { readPdu } from '../events/checked-events.ts';
import { sortedByAuth } from '../gaps/event-order.ts';
import { fetchSingle, type ToldStateParts } from '../gaps/told-state.ts';
import {
  type AwaitedRow,
  countAwaited,
  dropAwaited,
  dueAwaited,
  nextAwaited,
  postponeAwaited,
  removeAwaited,
  roomsAwaiting,
  roomsWithAwaited,
} from './awaited-event.table.ts';
import type { JoiningRooms } from './joining-rooms.ts';

/** Events that are tried together. */
const BATCH = 100;
const FIRST_RETRY_MS = 5000;
const LONGEST_RETRY_MS = 6 * 3_600_000;
/** While anything waits. */
const LOOK_MS = 600_000;
/** Tried so often, which takes a week, an event is given up: the room is as whole as it can be. */
const MOST_TRIES = 40;
const AFTER_FAILURE_MS = 30_000;
/** Events that are asked for because others rest on them, at one go. */
const MOST_FETCHED = 20;

export interface AwaitedEventsParts extends ToldStateParts {
  /** What waits in these is tried by the join itself. */
  readonly joining: JoiningRooms;
  /** Undefined: this process does it. */
  readonly turn?: Turn;
}

interface Outlook {
  readonly row: AwaitedRow;
  readonly event: Event;
}

/** Tries again what could not be stored of the states of rooms, until every event has come or was refused. */
export class AwaitedEvents implements AsyncDisposable {
  readonly #parts: AwaitedEventsParts;
  readonly #rounds: Rounds;

  constructor(parts: AwaitedEventsParts) {
    this.#parts = parts;
    this.#rounds = new Rounds(parts.rooms.clock, () => this.#runRound(), parts.turn);
  }

  /** Takes up what an earlier run left; what it waited for joins that came to nothing is forgotten. */
  async start(): Promise<void> {
    const { rooms } = this.#parts;
    const known = await rooms.rooms.byNids(rooms.db, await roomsAwaiting(rooms.db));
    for (const room of known.values()) await this.#dropUnlessResident(room);
    this.wake();
  }

  /** Looks now for what is due. */
  wake(): void {
    this.#rounds.wake();
  }

  /** The same, where another process found that something is. */
  heard(): void {
    this.#rounds.heard();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rounds[Symbol.asyncDispose]();
  }

  async #runRound(): Promise<number | undefined> {
    const { rooms } = this.#parts;
    try {
      const nids = await roomsWithAwaited(rooms.db, rooms.clock.now(), LONGEST_RETRY_MS);
      for (const room of (await rooms.rooms.byNids(rooms.db, nids)).values()) {
        if (this.#parts.joining.has(room)) continue;
        await this.#dropUnlessResident(room);
        while (!this.#rounds.isClosed && (await this.retry(room)));
      }
      const due = await nextAwaited(rooms.db);
      // The clock may be set meanwhile.
      return due === undefined ? undefined : Math.min(Math.max(due - rooms.clock.now(), FIRST_RETRY_MS), LOOK_MS);
    } catch (error) {
      rooms.log.error('Events that are missing from states could not be tried again.', { err: error });
      return AFTER_FAILURE_MS;
    }
  }

  async #dropUnlessResident(room: Room): Promise<void> {
    const { rooms, joining } = this.#parts;
    if (joining.has(room) || joining.isInDoubt || (await isResident(rooms, rooms.db, room))) return;
    await rooms.db.tx(tx => dropAwaited(tx, room.nid));
  }

  /** Tries a batch of what is due in a room. Answers whether there was any. */
  async retry(room: Room, enough?: Promise<unknown>): Promise<boolean> {
    const { rooms, checked } = this.#parts;
    const rows = await dueAwaited(rooms.db, room.nid, {
      now: rooms.clock.now(),
      longestMs: LONGEST_RETRY_MS,
      limit: BATCH,
    });
    if (rows.length === 0) return false;
    const read = rows.map(row => ({ row, event: readPdu(JSON.parse(row.json) as Json, room.version, rooms.crypto) }));
    const events = read.filter((one): one is Outlook => !(one.event instanceof EventError));
    const verdicts = await checked.verify(
      events.map(({ event }) => event),
      enough === undefined ? {} : { enough },
    );
    const good = events.filter((_, at) => verdicts[at]?.outcome === 'good');
    await this.#fetchAuth(
      room,
      good.filter(({ row }) => row.tries > 0),
    );
    const failed = new Map<AwaitedRow, string | null>();
    for (const [at, { row }] of events.entries()) {
      const verdict = verdicts[at]!;
      if (verdict.outcome === 'unverified') failed.set(row, verdict.reason);
      else if (verdict.outcome === 'refused') failed.set(row, null);
    }
    await this.#store(room, good, failed);
    return true;
  }

  /** What some events rest on and is not known is asked of the servers in the room. */
  async #fetchAuth(room: Room, good: readonly Outlook[]): Promise<void> {
    const { rooms } = this.#parts;
    const ids = [...new Set(good.flatMap(({ event }) => authIdsOf(event)))];
    const stored = await storedIds(rooms.db, ids);
    const missing = ids.filter(id => !stored.has(id)).slice(0, MOST_FETCHED);
    if (missing.length === 0) return;
    const names = await rooms.nids.domains.names(rooms.db, await largestServers(rooms.db, room.nid, 3));
    const server = [...names.values()].find(name => name !== rooms.serverName) as ServerName | undefined;
    if (server !== undefined) await fetchSingle(this.#parts, room, server, missing);
  }

  /** Stores what can be, and puts off the rest. */
  async #store(room: Room, good: readonly Outlook[], failed: Map<AwaitedRow, string | null>): Promise<void> {
    const { rooms } = this.#parts;
    const byId = new Map(good.map(one => [one.event.id, one.row]));
    const sorted = sortedByAuth(good.map(({ event }) => event));
    await writeRoom(rooms, room, async tx => {
      const outcomes = await storeOutliers(rooms, tx, room, sorted);
      const done = sorted.filter(({ id }) => outcomes.get(id) !== 'unjudged').map(({ id }) => id);
      for (const [id, row] of byId) if (!done.includes(id)) failed.set(row, 'what authorises it is not known');
      await removeAwaited(tx, room.nid, done);
      for (const [row, reason] of failed)
        await postponeAwaited(tx, room.nid, row.event_id, this.#later(room, row, reason));
      const late = done.filter(id => byId.get(id)?.is_state === 1 && isStored(outcomes.get(id)));
      if (!this.#parts.joining.has(room)) {
        const { state } = await countAwaited(tx, room.nid);
        const isWhole = state === 0 && !(await lacksMembers(tx, room));
        if (late.length > 0 || isWhole) await addLateState(rooms, tx, room, late, isWhole);
      }
    });
  }

  #later(room: Room, row: AwaitedRow, reason: string | null): { readonly due: number | null; readonly reason: string } {
    const { rooms } = this.#parts;
    if (reason === null) return { due: null, reason: 'it is not signed as it has to be' };
    if (row.tries + 1 >= MOST_TRIES) {
      rooms.log.warn('An event of the state of a room is given up.', {
        event: row.event_id,
        room: room.roomId,
        reason,
      });
      return { due: null, reason };
    }
    const wait = Math.min(FIRST_RETRY_MS * 2 ** row.tries, LONGEST_RETRY_MS);
    return { due: rooms.clock.now() + wait, reason };
  }
}

function isStored(outcome: OutlierOutcome | undefined): boolean {
  return outcome === 'accepted' || outcome === 'known';
}

/** Which of some events are not stored. */
export async function unstored({ rooms }: Pick<ToldStateParts, 'rooms'>, ids: readonly EventId[]): Promise<EventId[]> {
  const stored = await storedIds(rooms.db, ids);
  return ids.filter(id => !stored.has(id));
}
