import type { RoomId } from '../core/ids.ts';
import { getArray, getBoolean, getObject, getString, type JsonObject } from '../core/json.ts';
import { fieldTree } from '../rooms/event-fields.ts';
import { compileFilter, type EventFilter } from '../rooms/event-filter.ts';
import type { ClientFormat } from '../rooms/event-format.ts';

/** The filter of a sync (client-server API, `POST /user/{userId}/filter`), compiled. */
export interface SyncFilter {
  readonly accountData: EventFilter;
  readonly presence: EventFilter;
  readonly includeLeave: boolean;
  readonly timeline: EventFilter;
  readonly state: EventFilter;
  readonly ephemeral: EventFilter;
  readonly roomAccountData: EventFilter;
  /** How events of rooms are written. */
  readonly format: ClientFormat;
  matchesRoom(roomId: RoomId): boolean;
}

/** Timeline events in a sync when the filter says nothing, and at most. */
export const DEFAULT_TIMELINE = 10;
/**
 * The same in a sync that goes on from an earlier one: a client that falls behind a little should not get a gap, which some
 * (matrix-js-sdk, when it has an event of the answer already) do not fill.
 */
export const DEFAULT_NEWS = 30;
export const MOST_TIMELINE = 1000;

export function compileSyncFilter(filter: JsonObject = {}): SyncFilter {
  const room = getObject(filter, 'room') ?? {};
  const rooms = compileFilter({
    ...(getArray(room, 'rooms') === undefined ? {} : { rooms: room.rooms ?? null }),
    ...(getArray(room, 'not_rooms') === undefined ? {} : { not_rooms: room.not_rooms ?? null }),
  });
  const part = (key: string) => compileFilter(getObject(room, key) ?? {});
  return {
    accountData: compileFilter(getObject(filter, 'account_data') ?? {}),
    presence: compileFilter(getObject(filter, 'presence') ?? {}),
    includeLeave: getBoolean(room, 'include_leave') ?? false,
    timeline: part('timeline'),
    state: part('state'),
    ephemeral: part('ephemeral'),
    roomAccountData: part('account_data'),
    format: formatOf(filter),
    matchesRoom: rooms.matchesRoom,
  };
}

function formatOf(filter: JsonObject): ClientFormat {
  const fields = getArray(filter, 'event_fields')?.filter(field => typeof field === 'string');
  return {
    withoutRoomId: true,
    ...(getString(filter, 'event_format') === 'federation' ? { asFederated: true } : {}),
    ...(fields === undefined ? {} : { fields: fieldTree(fields) }),
  };
}
