import { getObject, type JsonObject } from '../../core/json.ts';
import type { TableWriter } from '../../db/moving/table-writer.ts';
import type { Dialect } from '../../db/sql.ts';
import { eventsByNid } from '../events.table.ts';
import { type EntryKind, entryText } from './entry-kind.ts';
import { wordsIn } from './search-index.table.ts';
import { wordsOf } from './words.ts';

/** Moves `search_entry` to another database, which keeps words in its own way: they are cut anew from the events. */
export function entryMover(dialect: Dialect): TableWriter {
  const words = wordsIn(dialect);
  return {
    async insert(tx, rows, from) {
      const nids = rows.map(row => Number(row.event_nid));
      const texts = new Map((await eventsByNid(from, nids)).map(row => [row.nid, row.json]));
      const entries = rows.map(row => {
        const [eventNid, roomNid, kind, ts] = [row.event_nid, row.room_nid, row.kind, row.ts].map(Number) as Numbers;
        const found = wordsOf(textOf(kind as EntryKind, texts.get(eventNid))).map(word => word.text);
        return { eventNid, roomNid, kind: kind as EntryKind, ts, words: found };
      });
      await words.addAll(tx, entries);
    },
    remove: (tx, keys) =>
      words.removeAll(
        tx,
        keys.map(([nid]) => Number(nid)),
      ),
  };
}

type Numbers = [eventNid: number, roomNid: number, kind: number, ts: number];

/** Nothing, of an event that was redacted meanwhile: its entry goes too. */
function textOf(kind: EntryKind, json: string | undefined): string {
  if (json === undefined) return '';
  const content = getObject(JSON.parse(json) as JsonObject, 'content');
  return content === undefined ? '' : entryText(kind, content);
}
