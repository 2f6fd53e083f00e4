import type { Queryable, Tx } from '../../db/database.ts';
import { type Dialect, sql } from '../../db/sql.ts';
import type { EntryKind } from './entry-kind.ts';
import type { SearchTerm } from './search-term.ts';

export interface NewEntry {
  readonly eventNid: number;
  readonly roomNid: number;
  readonly kind: EntryKind;
  readonly ts: number;
  /** As `wordsOf` cuts them: letters, digits and marks only. */
  readonly words: readonly string[];
}

export interface FoundEntry {
  readonly event_nid: number;
  readonly ts: number;
}

export interface Question {
  readonly term: SearchTerm;
  readonly rooms: readonly number[];
  readonly kinds: readonly EntryKind[];
  /** Events with a higher number are left out. */
  readonly upToNid: number;
  /** The newest so many. */
  readonly limit: number;
}

/** The one place where the two databases do not share their SQL. */
interface Words {
  add(tx: Tx, entry: NewEntry): Promise<void>;
  addAll(tx: Tx, entries: readonly NewEntry[]): Promise<void>;
  remove(tx: Tx, eventNid: number): Promise<void>;
  removeAll(tx: Tx, eventNids: readonly number[]): Promise<void>;
  find(db: Queryable, question: Question): Promise<FoundEntry[]>;
}

/** Entries of one statement. */
const AT_ONCE = 200;

const sqlite: Words = {
  async addAll(tx, entries) {
    for (const entry of entries) await this.add(tx, entry);
  },
  async add(tx, { eventNid, roomNid, kind, ts, words }) {
    const added = await tx.run(sql`insert into search_entry (event_nid, room_nid, kind, ts)
      values (${eventNid}, ${roomNid}, ${kind}, ${ts}) on conflict do nothing`);
    if (added === 0) return;
    await tx.run(sql`insert into search_words (rowid, room, words)
      values (${eventNid}, ${`r${roomNid}`}, ${words.join(' ')})`);
  },
  async remove(tx, eventNid) {
    const removed = await tx.run(sql`delete from search_entry where event_nid = ${eventNid}`);
    if (removed > 0) await tx.run(sql`delete from search_words where rowid = ${eventNid}`);
  },
  async removeAll(tx, eventNids) {
    const removed = await tx.all<{ event_nid: number }>(
      sql`delete from search_entry where event_nid ${sql.in(eventNids)} returning event_nid`,
    );
    const nids = removed.map(row => row.event_nid);
    if (nids.length > 0) await tx.run(sql`delete from search_words where rowid ${sql.in(nids)}`);
  },
  find(db, { term, rooms, kinds, upToNid, limit }) {
    const inRooms = `{room} : (${rooms.map(nid => `"r${nid}"`).join(' OR ')})`;
    const match = `${inRooms} AND {words} : (${fts5Text(term)})`;
    return db.all<FoundEntry>(sql`select event_nid, ts from
      (select rowid as nid from search_words where search_words match ${match} and rowid <= ${upToNid}
        order by rowid desc limit ${limit})
      join search_entry on event_nid = nid where kind ${sql.in(kinds)}`);
  },
};

const postgres: Words = {
  add: (tx, entry) => postgres.addAll(tx, [entry]),
  async addAll(tx, entries) {
    for (let at = 0; at < entries.length; at += AT_ONCE) {
      const lines = entries
        .slice(at, at + AT_ONCE)
        .map(
          ({ eventNid, roomNid, kind, ts, words }) =>
            sql`(${eventNid}, ${roomNid}, ${kind}, ${ts}, ${vectorText(words)}::tsvector)`,
        );
      await tx.run(sql`insert into search_entry (event_nid, room_nid, kind, ts, words)
        values ${sql.join(lines, ', ')} on conflict do nothing`);
    }
  },
  async remove(tx, eventNid) {
    await tx.run(sql`delete from search_entry where event_nid = ${eventNid}`);
  },
  async removeAll(tx, eventNids) {
    await tx.run(sql`delete from search_entry where event_nid ${sql.in(eventNids)}`);
  },
  find(db, { term, rooms, kinds, upToNid, limit }) {
    return db.all<FoundEntry>(sql`select event_nid, ts from search_entry
      where words @@ ${tsqueryText(term)}::tsquery and room_nid ${sql.in(rooms)} and kind ${sql.in(kinds)}
        and event_nid <= ${upToNid} order by event_nid desc limit ${limit}`);
  },
};

export function wordsIn(dialect: Dialect): Words {
  return dialect === 'sqlite' ? sqlite : postgres;
}

/** Words hold neither quotes nor operators, so that quoting them is all there is to do. */
function fts5Text(term: SearchTerm): string {
  return term.map(({ words, isPrefix }) => `"${words.join(' ')}"${isPrefix ? '*' : ''}`).join(' AND ');
}

function tsqueryText(term: SearchTerm): string {
  return term
    .map(({ words, isPrefix }) => {
      const last = words.length - 1;
      return `(${words.map((word, at) => `'${word}'${isPrefix && at === last ? ':*' : ''}`).join(' <-> ')})`;
    })
    .join(' & ');
}

/** PostgreSQL keeps 255 places of a word. */
const MOST_PLACES = 255;

function vectorText(words: readonly string[]): string {
  const places = new Map<string, number[]>();
  for (const [at, word] of words.entries()) {
    const list = places.get(word) ?? [];
    places.set(word, list);
    if (list.length < MOST_PLACES) list.push(at + 1);
  }
  return [...places].map(([word, list]) => `'${word}':${list.join(',')}`).join(' ');
}
