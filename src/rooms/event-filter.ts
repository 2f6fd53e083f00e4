import type { Event } from '../core/event.ts';
import { compileGlob } from '../core/glob.ts';
import type { RoomId } from '../core/ids.ts';
import { getArray, getBoolean, getInteger, getString, type Json, type JsonObject } from '../core/json.ts';

/** A `RoomEventFilter` or `EventFilter` (client-server API, "Filtering"), compiled. */
export interface EventFilter {
  readonly limit: number | undefined;
  readonly lazyLoadMembers: boolean;
  readonly includeRedundantMembers: boolean;
  readonly unreadThreadNotifications: boolean;
  matches(event: Pick<Event, 'type' | 'sender' | 'content'>): boolean;
  matchesRoom(roomId: RoomId): boolean;
  /** Whether it lists rooms, and whether it lists this one as one that it does not want. */
  readonly namesRooms: boolean;
  excludesRoom(roomId: RoomId): boolean;
  /** Which events have to point to one for it to pass; undefined: none has to. */
  readonly relatedBy: RelatedBy | undefined;
  /** Nothing at all passes. */
  readonly empty: boolean;
}

/** Relations of one of these types, by one of these senders; undefined: of any. */
export interface RelatedBy {
  readonly relTypes: readonly string[] | undefined;
  readonly senders: readonly string[] | undefined;
}

type Test = (value: string) => boolean;

function strings(filter: JsonObject, key: string): string[] | undefined {
  return getArray(filter, key)?.filter((value: Json) => typeof value === 'string') as string[] | undefined;
}

/** Allowed by the list (all when there is none), and not by the list of exceptions. */
function listTest(filter: JsonObject, allow: string, deny: string, compile: (pattern: string) => Test): Test {
  const allowed = strings(filter, allow)?.map(compile);
  const denied = strings(filter, deny)?.map(compile) ?? [];
  return value => (allowed === undefined || allowed.some(test => test(value))) && !denied.some(test => test(value));
}

function exactly(pattern: string): Test {
  return value => value === pattern;
}

/** An empty list is none at all here, other than in the rest of the filter. */
function relatedBy(filter: JsonObject): RelatedBy | undefined {
  const some = (key: string) => {
    const list = strings(filter, key);
    return list === undefined || list.length === 0 ? undefined : list;
  };
  const wanted = { relTypes: some('related_by_rel_types'), senders: some('related_by_senders') };
  return wanted.relTypes === undefined && wanted.senders === undefined ? undefined : wanted;
}

/** Also by the name of the proposal, which clients ask for as long as `/versions` has it (MSC3773). */
function byThread(filter: JsonObject): boolean {
  const stable = getBoolean(filter, 'unread_thread_notifications');
  return stable ?? getBoolean(filter, 'org.matrix.msc3773.unread_thread_notifications') ?? false;
}

/** Compiles a filter that the schema has checked. Types may hold `*` wildcards. */
export function compileFilter(filter: JsonObject = {}): EventFilter {
  const type = listTest(filter, 'types', 'not_types', pattern =>
    pattern.includes('*') ? compileGlob(pattern) : exactly(pattern),
  );
  const sender = listTest(filter, 'senders', 'not_senders', exactly);
  const room = listTest(filter, 'rooms', 'not_rooms', exactly);
  const url = getBoolean(filter, 'contains_url');
  return {
    limit: getInteger(filter, 'limit'),
    lazyLoadMembers: getBoolean(filter, 'lazy_load_members') ?? false,
    includeRedundantMembers: getBoolean(filter, 'include_redundant_members') ?? false,
    unreadThreadNotifications: byThread(filter),
    matches: event =>
      type(event.type) &&
      sender(event.sender) &&
      (url === undefined || url === (getString(event.content, 'url') !== undefined)),
    matchesRoom: room,
    namesRooms: getArray(filter, 'rooms') !== undefined,
    excludesRoom: roomId => strings(filter, 'not_rooms')?.includes(roomId) ?? false,
    relatedBy: relatedBy(filter),
    empty:
      getArray(filter, 'types')?.length === 0 ||
      getArray(filter, 'senders')?.length === 0 ||
      getArray(filter, 'rooms')?.length === 0,
  };
}
