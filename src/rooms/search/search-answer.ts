import { getString, type JsonObject } from '../../core/json.ts';
import { clientEvents } from '../client-event.ts';
import { compileFilter } from '../event-filter.ts';
import type { ClientView } from '../event-format.ts';
import { formatRoomToken } from '../log-token.ts';
import type { RoomsParts } from '../parts.ts';
import type { Room, StoredEvent } from '../room.ts';
import { membersOfSenders, unseen } from '../sender-members.ts';
import { page } from '../timeline.ts';
import { readableState } from '../visibility.ts';
import type { SearchAnswer, SearchHit } from './search.ts';
import { searchableText } from './search-indexer.ts';
import { highlightsOf } from './search-term.ts';

export interface AnswerFormat {
  /** Absent: results stand alone. */
  readonly context?: { readonly before: number; readonly after: number; readonly profiles: boolean } | undefined;
  readonly includeState: boolean;
  readonly groupBy: readonly ('room_id' | 'sender')[];
}

const EVERYTHING = compileFilter();
const MOST_HIGHLIGHTS = 50;
const LIST_FORMAT = { withoutBundle: true, withoutPrevious: true };

/** `search_categories.room_events` of the answer to a search (client-server API, `POST /search`). */
export async function searchAnswer(
  parts: RoomsParts,
  view: ClientView,
  answer: SearchAnswer,
  format: AnswerFormat,
): Promise<JsonObject> {
  const results: JsonObject[] = [];
  for (const hit of answer.hits) {
    const [result] = await clientEvents(parts, parts.db, hit.room, view, [hit.seen]);
    if (result === undefined) continue;
    const context = format.context === undefined ? {} : { context: await contextOf(parts, view, hit, format.context) };
    results.push({ rank: hit.rank, result, ...context });
  }
  return {
    count: answer.count,
    results,
    highlights: highlights(answer),
    ...(format.groupBy.length === 0 ? {} : { groups: groups(answer.hits, format.groupBy) }),
    ...(format.includeState ? { state: await states(parts, view, answer.hits) } : {}),
    ...(answer.next === undefined ? {} : { next_batch: answer.next }),
  };
}

function highlights({ hits, term }: SearchAnswer): string[] {
  const texts = hits.map(({ seen }) => searchableText(seen.stored)?.text ?? '');
  return [...new Set(texts.flatMap(text => highlightsOf(text, term)))].slice(0, MOST_HIGHLIGHTS);
}

async function contextOf(
  parts: RoomsParts,
  view: ClientView,
  { room, seen }: SearchHit,
  wanted: NonNullable<AnswerFormat['context']>,
): Promise<JsonObject> {
  const { db } = parts;
  const pos = seen.stored.pos ?? 0;
  const around = { filter: EVERYTHING };
  const before = await page(parts, db, room, view, { ...around, direction: 'b', from: pos - 1, limit: wanted.before });
  const after = await page(parts, db, room, view, { ...around, direction: 'f', from: pos, limit: wanted.after });
  const shown = [...before.events, seen, ...after.events].map(({ stored }) => stored);
  const oldest = before.events.at(-1)?.stored.pos ?? pos;
  const newest = after.events.at(-1)?.stored.pos ?? pos;
  return {
    start: formatRoomToken(oldest - 1),
    end: formatRoomToken(newest),
    events_before: await clientEvents(parts, db, room, view, before.events),
    events_after: await clientEvents(parts, db, room, view, after.events),
    ...(wanted.profiles ? { profile_info: await profiles(parts, room, shown) } : {}),
  };
}

/** Names and pictures of those who sent some events, as they were then. */
async function profiles(parts: RoomsParts, room: Room, events: readonly StoredEvent[]): Promise<JsonObject> {
  const members = await membersOfSenders(parts, parts.db, room, events);
  return Object.fromEntries(
    members.map(({ event }) => {
      const displayname = getString(event.content, 'displayname');
      const avatar_url = getString(event.content, 'avatar_url');
      return [
        event.stateKey ?? '',
        { ...(displayname === undefined ? {} : { displayname }), ...(avatar_url === undefined ? {} : { avatar_url }) },
      ];
    }),
  );
}

/** Event IDs by room or sender, groups in the order of their best result. */
function groups(hits: readonly SearchHit[], keys: AnswerFormat['groupBy']): JsonObject {
  const byKey = {
    room_id: ({ room }: SearchHit) => room.roomId,
    sender: ({ seen }: SearchHit) => seen.stored.event.sender,
  };
  return Object.fromEntries(
    keys.map(key => {
      const grouped = Map.groupBy<string, SearchHit>(hits, byKey[key]);
      const groups = [...grouped].map(([name, members], order) => {
        return [name, { order, results: members.map(({ seen }) => seen.stored.event.id) }] as const;
      });
      return [key, Object.fromEntries(groups)];
    }),
  );
}

/**
 * The state of the rooms with results. Of the members only those who sent results: all members of a big room would not
 * fit into an answer.
 */
async function states(parts: RoomsParts, view: ClientView, hits: readonly SearchHit[]): Promise<JsonObject> {
  const { db } = parts;
  const answer: JsonObject = {};
  for (const [room, members] of Map.groupBy(hits, hit => hit.room)) {
    const readable = await readableState(parts, db, room, view);
    if (readable === undefined) continue;
    const state: StoredEvent[] = [];
    for await (const batch of parts.state.batches(db, room, readable.root, { withoutMembers: true }))
      state.push(...batch);
    const senders = [...new Set(members.map(({ seen }) => seen.stored.event.sender))];
    const pairs = senders.map(sender => ['m.room.member', sender] as const);
    state.push(...(await parts.state.events(db, room, readable.root, pairs)));
    answer[room.roomId] = await clientEvents(parts, db, room, view, unseen(state), LIST_FORMAT);
  }
  return answer;
}
