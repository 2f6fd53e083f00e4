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
  /** Nothing at all passes. */
  readonly empty: boolean;
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
    unreadThreadNotifications: getBoolean(filter, 'unread_thread_notifications') ?? false,
    matches: event =>
      type(event.type) &&
      sender(event.sender) &&
      (url === undefined || url === (getString(event.content, 'url') !== undefined)),
    matchesRoom: room,
    empty:
      getArray(filter, 'types')?.length === 0 ||
      getArray(filter, 'senders')?.length === 0 ||
      getArray(filter, 'rooms')?.length === 0,
  };
}
