import { sleep } from '../../base/clock.ts';
import { redactsOf } from '../../core/event.ts';
import { getString } from '../../core/json.ts';
import { DatabaseUnavailableError } from '../../db/database.ts';
import { moveReader, readerPositions } from '../log-reader.table.ts';
import type { RoomsParts } from '../parts.ts';
import { REDACTED, type StoredEvent } from '../room.ts';
import { LOG_EVENT, LOG_SUBJECT, type LogEntry, logBetween, logHeads } from '../room-log.table.ts';
import { ENTRY_KINDS } from './entry-kind.ts';
import { type NewEntry, wordsIn } from './search-index.table.ts';
import { wordsOf } from './words.ts';

const READER = 'search';
/** Entries of one transaction: small, because others wait for it. */
const AT_ONCE = 100;
/** Events come in swarms: after the first one the indexer waits for the others. */
const SWARM_MS = 500;
/** The bus may lose a message. */
const LOOK_ANYWAY_MS = 60_000;
const AFTER_FAILURE_MS = 5000;

type Parts = Pick<RoomsParts, 'db' | 'bus' | 'clock' | 'log' | 'events'>;

/** The event's text that search finds, if it has any. Of encrypted rooms there are only names and topics. */
export function searchableText({ event }: StoredEvent): { kind: NewEntry['kind']; text: string } | undefined {
  const [kind, key] =
    event.type === 'm.room.message' && event.stateKey === undefined
      ? ([ENTRY_KINDS.body, 'body'] as const)
      : event.type === 'm.room.name' && event.stateKey === ''
        ? ([ENTRY_KINDS.name, 'name'] as const)
        : event.type === 'm.room.topic' && event.stateKey === ''
          ? ([ENTRY_KINDS.topic, 'topic'] as const)
          : [];
  const text = key === undefined ? undefined : getString(event.content, key);
  return kind === undefined || text === undefined || text === '' ? undefined : { kind, text };
}

/** Follows the room logs and keeps the words of what was said. A durable position per shard says how far it has come. */
export class SearchIndexer {
  readonly #parts: Parts;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Indexes what comes in until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { bus, clock, log } = this.#parts;
    let woken = new AbortController();
    using _ = bus.subscribe(LOG_SUBJECT, () => woken.abort());
    while (!signal.aborted) {
      woken = new AbortController();
      try {
        await this.catchUp(signal);
        await sleep(clock, LOOK_ANYWAY_MS, AbortSignal.any([woken.signal, signal]));
        await sleep(clock, SWARM_MS, signal);
      } catch (error) {
        log.warn('Indexing for search failed; it goes on in a moment.', { err: error });
        await sleep(clock, AFTER_FAILURE_MS, signal);
      }
    }
    await this.#running.catch(() => undefined);
  }

  /** Resolves when everything that is in the logs now is indexed. */
  catchUp(signal?: AbortSignal): Promise<void> {
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#running = this.#pass(signal);
        return this.#running;
      });
    return this.#next;
  }

  async #pass(signal: AbortSignal | undefined): Promise<void> {
    const { db } = this.#parts;
    const positions = await readerPositions(db, READER);
    for (const [shard, head] of (await logHeads(db)).entries()) {
      let from = positions.get(shard) ?? 0;
      while (from < head && !signal?.aborted) {
        const entries = await logBetween(db, shard, from, head, AT_ONCE);
        const to = entries.at(-1)?.pos ?? head;
        if (!(await this.#take(shard, entries, { from, to }))) break;
        from = to;
      }
    }
  }

  /** False when another process has taken them. What cannot be indexed is left out, so that it holds up nothing. */
  async #take(shard: number, entries: readonly LogEntry[], move: { from: number; to: number }): Promise<boolean> {
    try {
      return await this.#write(shard, entries, move);
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) throw error;
      const [only] = entries;
      if (entries.length > 1) return this.#oneByOne(shard, entries, move);
      this.#parts.log.error('An event cannot be indexed for search; it is left out.', { err: error, nid: only?.ref });
      return this.#write(shard, [], move);
    }
  }

  async #oneByOne(shard: number, entries: readonly LogEntry[], move: { from: number; to: number }): Promise<boolean> {
    let { from } = move;
    for (const entry of entries) {
      if (!(await this.#take(shard, [entry], { from, to: entry.pos }))) return false;
      from = entry.pos;
    }
    return true;
  }

  async #write(shard: number, entries: readonly LogEntry[], move: { from: number; to: number }): Promise<boolean> {
    const { db, events } = this.#parts;
    const stored = await events.byNids(
      db,
      entries.filter(entry => entry.kind === LOG_EVENT).map(entry => entry.ref),
    );
    const found = [...stored.values()].flatMap(one => entryOf(one) ?? []);
    const redacted = await this.#redactedBy([...stored.values()]);
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
