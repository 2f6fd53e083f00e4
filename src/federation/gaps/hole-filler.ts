import { sleep } from '../../base/clock.ts';
import type { Event } from '../../core/event.ts';
import { domainOf, type EventId, type ServerName } from '../../core/ids.ts';
import type { Tx } from '../../db/database.ts';
import { isResident } from '../../rooms/current-membership.ts';
import { addHole, forgetHoles } from '../../rooms/extremities.table.ts';
import { placedEvents } from '../../rooms/history.ts';
import { eventsFromBefore, turnIntoHistory } from '../../rooms/missing-events.ts';
import type { Room } from '../../rooms/room.ts';
import { writeRoom } from '../../rooms/write-room.ts';
import { type AskedOutcome, type AskedServers, askedServers, askedText, nextRound } from './asked-servers.ts';
import type { GapFiller } from './gap-filler.ts';
import { askForHoles, type HoleAnswer } from './hole-answer.ts';
import {
  dueHoles,
  type HoleRow,
  LONGEST_ROUND_MS,
  nextDueHole,
  postponeHoles,
  roomsWithDueHoles,
  updateHole,
} from './holes.table.ts';
import type { PeerChoice } from './peer-choice.ts';
import type { ToldStateParts } from './told-state.ts';

export interface HoleFillerParts extends ToldStateParts {
  readonly gaps: Pick<GapFiller, 'takeIn'>;
  readonly choice: PeerChoice;
}

/** Rooms that are looked after side by side, and the requests that one has before it is another's turn. */
const SIDE_BY_SIDE = 3;
const TURN = 20;
const AFTER_TURN_MS = 60_000;
/** Missing events that are asked for together. */
const AT_ONCE = 20;
/** Servers of a room that are asked for an event in one round. */
const MOST_SERVERS = 12;
/** Between two rounds for one event; after the last it is given up. */
const ROUND_MS = [600_000, 3_600_000, 6 * 3_600_000, LONGEST_ROUND_MS];
/** How often the table is looked into, at most and at least. */
const SHORTEST_SLEEP_MS = 2000;
const LONGEST_SLEEP_MS = 15_000;

/**
 * Gets what is known to be missing in rooms: events that others build on and that nobody sent us. Each server of a room is
 * asked in turn, for the newest first; what all of them lack is given up, and shown as lost.
 */
export class HoleFiller {
  readonly #parts: HoleFillerParts;

  constructor(parts: HoleFillerParts) {
    this.#parts = parts;
  }

  /** Works until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { rooms } = this.#parts;
    while (!signal.aborted) {
      const wait = await this.work(signal).catch((error: unknown) => {
        rooms.log.error('Looking for missing events failed; it goes on in a moment.', { err: error });
        return LONGEST_SLEEP_MS;
      });
      await sleep(rooms.clock, wait, signal);
    }
  }

  /** Asks for what is due now, room after room. Answers for how many milliseconds there is nothing to do. */
  async work(signal: AbortSignal = new AbortController().signal): Promise<number> {
    const { rooms } = this.#parts;
    for (;;) {
      const due = await roomsWithDueHoles(rooms.db, rooms.clock.now(), SIDE_BY_SIDE);
      if (due.length === 0 || signal.aborted) break;
      await Promise.all(due.map(nid => this.#turn(nid, signal)));
    }
    const next = (await nextDueHole(rooms.db)) ?? Number.POSITIVE_INFINITY;
    return Math.min(Math.max(next - rooms.clock.now(), SHORTEST_SLEEP_MS), LONGEST_SLEEP_MS);
  }

  async #turn(roomNid: number, signal: AbortSignal): Promise<void> {
    const { rooms } = this.#parts;
    const room = (await rooms.rooms.byNids(rooms.db, [roomNid])).get(roomNid);
    try {
      if (room === undefined || !(await isResident(rooms, rooms.db, room)))
        return await rooms.db.tx(tx => forgetHoles(tx, roomNid));
      for (let asked = 0; asked < TURN && !signal.aborted; asked++) if (!(await this.#askOnce(room))) return;
    } catch (error) {
      rooms.log.error('Missing events of a room cannot be fetched.', { room: room?.roomId, err: error });
    }
    if (signal.aborted) return;
    // What is left has to wait, so that neither a long chain nor a fault keeps us from the other rooms.
    await rooms.db.tx(tx => postponeHoles(tx, roomNid, rooms.clock.now() + AFTER_TURN_MS));
  }

  /** Asks one server for some of what is due. False when there is nothing. */
  async #askOnce(room: Room): Promise<boolean> {
    const { rooms } = this.#parts;
    const rows = await dueHoles(rooms.db, room.nid, rooms.clock.now(), AT_ONCE);
    const [newest] = rows;
    if (newest === undefined) return false;
    const server = await this.#nextServer(room, newest);
    if (server === undefined) await this.#endRound(room, newest);
    else
      await this.#ask(
        room,
        server,
        rows.filter(row => !askedServers(row).has(server)),
      );
    return true;
  }

  /** Who is asked next for an event: the server whose event builds on it, then the others of the room. */
  async #nextServer(room: Room, row: HoleRow): Promise<ServerName | undefined> {
    const { rooms, choice } = this.#parts;
    const asked = askedServers(row);
    if (asked.size >= MOST_SERVERS) return undefined;
    const wantedBy = await rooms.events.byNid(rooms.db, row.wanted_by);
    const first = wantedBy === undefined ? undefined : domainOf(wantedBy.event.sender);
    if (first !== undefined && first !== rooms.serverName && !asked.has(first)) return first;
    return (await choice.of(room, 1, new Set(asked.keys())))[0];
  }

  async #ask(room: Room, server: ServerName, rows: readonly HoleRow[]): Promise<void> {
    const { rooms, gaps, choice } = this.#parts;
    const ids = rows.map(row => row.event_id);
    const answer = await askForHoles(this.#parts, room, server, ids);
    choice[answer.instead === 'failed' ? 'failed' : 'answered'](server);
    const old = new Set(await eventsFromBefore(rooms, room, answer.events));
    const fresh = answer.events.filter(event => !old.has(event));
    await gaps.takeIn(room, fresh.concat(this.#redactedForGood(rows, answer)), server);
    const history = [...old].map(event => event.id).filter(id => ids.includes(id));
    await writeRoom(rooms, room, async tx => {
      await turnIntoHistory(tx, room, history);
      await this.#goPast(tx, room, rows, answer.aside);
      for (const row of rows) await this.#noteAsked(tx, room, row, server, answer);
    });
  }

  /**
   * Events that a second server gives redacted too are taken as they are, and those that nobody gave whole in the round
   * before: there may be no more of them.
   */
  #redactedForGood(rows: readonly HoleRow[], { redacted }: HoleAnswer): Event[] {
    const second = rows.filter(row => [...askedServers(row).values()].includes('redacted')).map(row => row.event_id);
    return redacted.filter(event => second.includes(event.id));
  }

  /** What cannot be checked now stays missing, but what is missing behind it is looked for. */
  async #goPast(tx: Tx, room: Room, rows: readonly HoleRow[], aside: readonly Event[]): Promise<void> {
    const { rooms } = this.#parts;
    const wantedBy = rows[0]?.wanted_by ?? 0;
    const behind = aside.flatMap(event => (event.version.eventIds === 'chosen' ? [] : event.prevIds));
    const placed = await placedEvents(rooms, tx, room, behind);
    for (const id of behind) if (!placed.has(id)) await addHole(tx, room.nid, id, wantedBy, rooms.clock.now());
  }

  async #noteAsked(tx: Tx, room: Room, row: HoleRow, server: ServerName, answer: HoleAnswer): Promise<void> {
    const asked: AskedServers = new Map([...askedServers(row), [server, outcomeOf(row.event_id, answer)]]);
    const due = this.#parts.rooms.clock.now();
    await updateHole(tx, room.nid, row.event_id, { due, tries: row.tries, asked: askedText(asked) });
  }

  /** Everybody was asked. What nobody has is lost; where some could not say, they are asked again after a while. */
  async #endRound(room: Room, row: HoleRow): Promise<void> {
    const { rooms } = this.#parts;
    const outcomes = [...askedServers(row).values()];
    const isSure = outcomes.length > 0 && outcomes.every(outcome => outcome === 'none');
    const wait = isSure ? undefined : ROUND_MS[row.tries];
    const due = wait === undefined ? null : rooms.clock.now() + wait;
    const asked = wait === undefined ? row.asked : askedText(nextRound(askedServers(row)));
    const isMissing = await rooms.db.tx(tx =>
      updateHole(tx, room.nid, row.event_id, { due, tries: row.tries + 1, asked }),
    );
    if (wait === undefined && isMissing)
      rooms.log.warn('Nobody has an event that others build on: it is lost.', {
        event: row.event_id,
        room: room.roomId,
      });
  }
}

function outcomeOf(id: EventId, { aside, redacted, events, instead }: HoleAnswer): AskedOutcome {
  const has = (list: readonly Event[]) => list.some(event => event.id === id);
  if (has(redacted)) return 'redacted';
  // One that came whole and is missing all the same rests on something that could not be had.
  return has(aside) || has(events) ? 'unchecked' : instead;
}
