import { type Event, redactsOf } from '../../core/event.ts';
import { moveReader } from '../log-reader.table.ts';
import { followLogs, type LogMove, LogReader } from '../log-reader.ts';
import type { RoomsParts } from '../parts.ts';
import { REDACTED, type StoredEvent } from '../room.ts';
import { LOG_EVENT, type LogEntry } from '../room-log.table.ts';
import { ENTRY_KINDS, type EntryKind, entryText } from './entry-kind.ts';
import { type NewEntry, wordsIn } from './search-index.table.ts';
import { wordsOf } from './words.ts';

const READER = 'search';
/** Events come in swarms. */
const SWARM_MS = 500;

type Parts = Pick<RoomsParts, 'db' | 'bus' | 'clock' | 'log' | 'events'>;

/** The event's text that search finds, if it has any. Of encrypted rooms there are only names and topics. */
export function searchableText({ event }: StoredEvent): { kind: NewEntry['kind']; text: string } | undefined {
  const kind = kindOf(event);
  const text = kind === undefined ? '' : entryText(kind, event.content);
  return kind === undefined || text === '' ? undefined : { kind, text };
}

function kindOf({ type, stateKey }: Event): EntryKind | undefined {
  if (type === 'm.room.message' && stateKey === undefined) return ENTRY_KINDS.body;
  if (type === 'm.room.name' && stateKey === '') return ENTRY_KINDS.name;
  return type === 'm.room.topic' && stateKey === '' ? ENTRY_KINDS.topic : undefined;
}

/** Follows the room logs and keeps the words of what was said. A durable position per shard says how far it has come. */
export class SearchIndexer {
  readonly #parts: Parts;
  readonly #reader: LogReader;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#reader = new LogReader(parts, {
      name: READER,
      write: (shard, entries, move) => this.#write(shard, entries, move),
      leftOut: 'An event cannot be indexed for search; it is left out.',
    });
  }

  /** Indexes what comes in until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const failure = 'Indexing for search failed; it goes on in a moment.';
    const loop = { catchUp: () => this.catchUp(signal), calmMs: SWARM_MS, failure, reader: this.#reader };
    await followLogs(this.#parts, loop, signal);
  }

  /** Resolves when everything that is in the logs now is indexed. */
  catchUp(signal?: AbortSignal): Promise<void> {
    return this.#reader.catchUp(signal);
  }

  async #write(shard: number, entries: readonly LogEntry[], move: LogMove): Promise<boolean | 'passed'> {
    const { db, events } = this.#parts;
    const stored = await events.byNids(
      db,
      entries.filter(entry => entry.kind === LOG_EVENT).map(entry => entry.ref),
    );
    const found = [...stored.values()].flatMap(one => entryOf(one) ?? []);
    const redacted = await this.#redactedBy([...stored.values()]);
    // Receipts, and what is said in encrypted rooms.
    if (found.length === 0 && redacted.length === 0) return 'passed';
    const words = wordsIn(db.dialect);
    return db.tx(async tx => {
      if (!(await moveReader(tx, READER, shard, move))) return false;
      for (const entry of found) await words.add(tx, entry);
      for (const nid of redacted) await words.remove(tx, nid);
      return true;
    });
  }

  async #redactedBy(stored: readonly StoredEvent[]): Promise<number[]> {
    const targets = stored.flatMap(({ event }) => redactsOf(event) ?? []);
    if (targets.length === 0) return [];
    const found = await this.#parts.events.byIds(this.#parts.db, targets);
    return [...found.values()].filter(target => (target.flags & REDACTED) !== 0).map(target => target.nid);
  }
}

function entryOf(stored: StoredEvent): NewEntry | undefined {
  const searchable = searchableText(stored);
  if (searchable === undefined) return undefined;
  const words = wordsOf(searchable.text).map(word => word.text);
  if (words.length === 0) return undefined;
  const { nid, roomNid, event } = stored;
  return { eventNid: nid, roomNid, kind: searchable.kind, ts: event.ts, words };
}
