import { getOwn, isObject, type Json, type JsonObject } from '../core/json.ts';

type Shape = (value: Json) => boolean;

const isText: Shape = value => typeof value === 'string';
const isBoolean: Shape = value => typeof value === 'boolean';
const isCount: Shape = value => Number.isSafeInteger(value) && (value as number) >= 0;
const isTexts: Shape = value => Array.isArray(value) && value.every(isText);

const EVENT_FILTER: Readonly<Record<string, Shape>> = {
  limit: isCount,
  types: isTexts,
  not_types: isTexts,
  senders: isTexts,
  not_senders: isTexts,
  rooms: isTexts,
  not_rooms: isTexts,
  contains_url: isBoolean,
  lazy_load_members: isBoolean,
  include_redundant_members: isBoolean,
  unread_thread_notifications: isBoolean,
  'org.matrix.msc3773.unread_thread_notifications': isBoolean,
  related_by_rel_types: isTexts,
  related_by_senders: isTexts,
};

const PARTS: Readonly<Record<string, Shape>> = {
  account_data: isEventFilter,
  presence: isEventFilter,
  state: isEventFilter,
  timeline: isEventFilter,
  ephemeral: isEventFilter,
  rooms: isTexts,
  not_rooms: isTexts,
  include_leave: isBoolean,
};

const FILTER: Readonly<Record<string, Shape>> = {
  event_fields: isTexts,
  event_format: value => value === 'client' || value === 'federation',
  account_data: isEventFilter,
  presence: isEventFilter,
  room: value => isObject(value) && misshapen(value, PARTS) === undefined,
};

function isEventFilter(value: Json): boolean {
  return isObject(value) && misshapen(value, EVENT_FILTER) === undefined;
}

/** Null is as good as nothing here, which some clients write. Keys that are not known mean nothing. */
function misshapen(filter: JsonObject, shapes: Readonly<Record<string, Shape>>): string | undefined {
  return Object.keys(shapes).find(key => {
    const value = getOwn(filter, key);
    return value !== undefined && value !== null && shapes[key]?.(value) === false;
  });
}

/**
 * The key of a RoomEventFilter whose value is none that it can have (client-server API, "Filtering"), in a filter that
 * comes as text with a request. Those that are stored are held against a schema.
 */
export const faultOfEventFilter = (filter: JsonObject): string | undefined => misshapen(filter, EVENT_FILTER);

/** The same of the filter of a sync. */
export const faultOfSyncFilter = (filter: JsonObject): string | undefined => misshapen(filter, FILTER);
