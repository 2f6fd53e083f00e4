import { setImmediate } from 'node:timers/promises';
import { sleep } from '../../base/clock.ts';
import { invalidParam } from '../../core/matrix-error.ts';
import type { Queryable } from '../../db/database.ts';
import type { EventFilter } from '../event-filter.ts';
import type { ClientView } from '../event-format.ts';
import { roomsOfUser } from '../members.table.ts';
import type { RoomsParts } from '../parts.ts';
import { predecessorOf } from '../predecessor.ts';
import { relatedOnly } from '../related-only.ts';
import { membershipName, REDACTED, type Room } from '../room.ts';
import { type SeenEvent, visibleEvents } from '../visibility.ts';
import type { EntryKind } from './entry-kind.ts';
import { type FoundEntry, wordsIn } from './search-index.table.ts';
import { type SearchIndexer, searchableText } from './search-indexer.ts';
import { LONGEST_RANKED, rankOf, readTerm, type SearchTerm } from './search-term.ts';

export interface SearchRequest {
  readonly view: ClientView;
  readonly term: string;
  readonly kinds: readonly EntryKind[];
  readonly filter: EventFilter;
  readonly order: 'recent' | 'rank';
  readonly limit: number;
  /** A `next_batch` of the same search. */
  readonly from: string | undefined;
}

export interface SearchHit {
  readonly room: Room;
  readonly seen: SeenEvent;
  /** More is better. */
  readonly rank: number;
}

export interface SearchAnswer {
  readonly term: SearchTerm;
  /** About how many events match. */
  readonly count: number;
  /** In the order that was asked for. */
  readonly hits: readonly SearchHit[];
  readonly next: string | undefined;
}

/** Of more matches than this, the newest count. */
const MOST_MATCHES = 10_000;
/** Ranking reads every event that it ranks. */
const MOST_RANKED = 1000;
/** And so many characters of them: a thousand long messages would hold everybody up for seconds. */
const MOST_RANKED_TEXT = 256 * 1024;
/** Matches that one page looks at, so that matches the viewer may not see cannot hold a request up. */
const MOST_LOOKED_AT = 2000;
const BATCH = 50;
/** More rooms than these are searched only when they are named. */
const MOST_WITH_EARLIER = 100;
/** How long a search waits for what was said just now to be indexed. */
const PATIENCE_MS = 1500;

/** Full-text search in the rooms that a user is or was in, as far as the user may see (client-server API, `POST /search`). */
export class Search {
  readonly #parts: RoomsParts;
  readonly #indexer: Pick<SearchIndexer, 'catchUp'>;

  constructor(parts: RoomsParts, indexer: Pick<SearchIndexer, 'catchUp'>) {
    this.#parts = parts;
    this.#indexer = indexer;
  }

  /** @throws MatrixError M_INVALID_PARAM when `from` is no token of ours */
  async find(request: SearchRequest): Promise<SearchAnswer> {
    const { db } = this.#parts;
    const start = request.from === undefined ? undefined : parseToken(request.from);
    const term = readTerm(request.term);
    const rooms = await this.#rooms(db, request);
    if (term.length === 0 || rooms.size === 0 || request.limit === 0)
      return { term, count: 0, hits: [], next: undefined };
    await this.#upToDate();
    const question = { term, kinds: request.kinds, rooms: [...rooms.keys()] };
    const upToNid = start?.upToNid ?? Number.MAX_SAFE_INTEGER;
    const found = await wordsIn(db.dialect).find(db, { ...question, upToNid, limit: MOST_MATCHES });
    const newest = found.reduce((most, entry) => Math.max(most, entry.event_nid), 0);
    const ordered = request.order === 'recent' ? byTime(found) : await this.#ranked(found, term);
    const { hits, looked } = await this.#page(request, rooms, ordered.slice(start?.offset ?? 0), term);
    const offset = (start?.offset ?? 0) + looked;
    const isMore = looked > 0 && (hits.length === request.limit || offset < ordered.length);
    const next = isMore ? formatToken({ upToNid: start?.upToNid ?? newest, offset }) : undefined;
    return { term, count: ordered.length, hits, next };
  }

  /** Rooms by number: those that the user is in, or was in and has not forgotten. */
  async #rooms(db: Queryable, { view, filter }: SearchRequest): Promise<Map<number, Room>> {
    const rows = await roomsOfUser(db, view.userNid);
    const mine = rows.filter(
      row => row.forgotten === 0 && ['join', 'leave', 'ban'].includes(membershipName(row.membership)),
    );
    const rooms = await this.#parts.rooms.byNids(
      db,
      mine.map(row => row.room_nid),
    );
    const wanted = [...rooms].filter(([, room]) => filter.matchesRoom(room.roomId));
    if (!filter.namesRooms) return new Map(wanted);
    const earlier = await this.#earlier(db, wanted, rooms);
    return new Map([...wanted, ...earlier.filter(([, room]) => !filter.excludesRoom(room.roomId))]);
  }

  /** Of the user's rooms, those that the wanted ones replaced by upgrades: to people it is one room with one history. */
  async #earlier(db: Queryable, wanted: readonly [number, Room][], mine: ReadonlyMap<number, Room>) {
    const found = new Map<number, Room>(wanted);
    for (const [, newest] of wanted) {
      let room = await predecessorOf(this.#parts, db, newest);
      while (room !== undefined && mine.has(room.nid) && !found.has(room.nid) && found.size < MOST_WITH_EARLIER) {
        found.set(room.nid, room);
        room = await predecessorOf(this.#parts, db, room);
      }
    }
    return [...found];
  }

  async #upToDate(): Promise<void> {
    const { clock, log } = this.#parts;
    const given = new AbortController();
    const caughtUp = this.#indexer.catchUp().catch((error: unknown) => {
      log.warn('Search answers without the newest events: they cannot be indexed.', { err: error });
    });
    await Promise.race([caughtUp, sleep(clock, PATIENCE_MS, given.signal)]);
    given.abort();
  }

  async #ranked(found: readonly FoundEntry[], term: SearchTerm): Promise<FoundEntry[]> {
    const newest = byTime(found).slice(0, MOST_RANKED);
    const ranks = new Map<number, number>();
    let left = MOST_RANKED_TEXT;
    for (let at = 0; at < newest.length && left > 0; at += BATCH) {
      const nids = newest.slice(at, at + BATCH).map(entry => entry.event_nid);
      for (const [nid, stored] of await this.#parts.events.byNids(this.#parts.db, nids)) {
        const text = searchableText(stored)?.text ?? '';
        left -= Math.min(text.length, LONGEST_RANKED);
        ranks.set(nid, rankOf(text, term));
      }
      await setImmediate();
    }
    const rank = (entry: FoundEntry) => ranks.get(entry.event_nid) ?? 0;
    // Sorting keeps the newer of two equals first.
    return newest.sort((a, b) => rank(b) - rank(a));
  }

  async #page(
    request: SearchRequest,
    rooms: ReadonlyMap<number, Room>,
    entries: readonly FoundEntry[],
    term: SearchTerm,
  ): Promise<{ hits: SearchHit[]; looked: number }> {
    const hits: SearchHit[] = [];
    let looked = 0;
    while (looked < Math.min(entries.length, MOST_LOOKED_AT) && hits.length < request.limit) {
      const batch = entries.slice(looked, looked + BATCH).map(entry => entry.event_nid);
      const visible = await this.#visible(request, rooms, batch);
      for (const nid of batch) {
        if (hits.length === request.limit) break;
        looked++;
        const hit = visible.get(nid);
        if (hit === undefined) continue;
        const body = searchableText(hit.seen.stored)?.text ?? '';
        hits.push({ ...hit, rank: rankOf(body, term) });
      }
    }
    return { hits, looked };
  }

  async #visible(
    { view, filter }: SearchRequest,
    rooms: ReadonlyMap<number, Room>,
    nids: readonly number[],
  ): Promise<Map<number, { room: Room; seen: SeenEvent }>> {
    const { db, events } = this.#parts;
    const stored = [...(await events.byNids(db, nids)).values()].filter(
      one => (one.flags & REDACTED) === 0 && filter.matches(one.event),
    );
    const found = new Map<number, { room: Room; seen: SeenEvent }>();
    for (const [roomNid, ofRoom] of Map.groupBy(stored, one => one.roomNid)) {
      const room = rooms.get(roomNid);
      if (room === undefined) continue;
      const related = await relatedOnly(this.#parts, db, room, ofRoom, filter.relatedBy);
      for (const seen of await visibleEvents(this.#parts, db, room, view, related)) {
        // A copy that was redacted for the viewer has no words to be found by.
        if (searchableText(seen.stored) !== undefined) found.set(seen.stored.nid, { room, seen });
      }
    }
    return found;
  }
}

function byTime(found: readonly FoundEntry[]): FoundEntry[] {
  return [...found].sort((a, b) => b.ts - a.ts || b.event_nid - a.event_nid);
}

/** A place in the list of matches as it was when the search began. */
interface Place {
  readonly upToNid: number;
  readonly offset: number;
}

function formatToken({ upToNid, offset }: Place): string {
  return `s${upToNid.toString(36)}.${offset.toString(36)}`;
}

function parseToken(text: string): Place {
  const [, upToNid, offset] = /^s([0-9a-z]{1,10})\.([0-9a-z]{1,4})$/.exec(text) ?? [];
  if (upToNid === undefined || offset === undefined) throw invalidParam('That is not a token of this search.');
  return { upToNid: Number.parseInt(upToNid, 36), offset: Number.parseInt(offset, 36) };
}
