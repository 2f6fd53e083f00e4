import { isRoomAlias, isRoomId, type RoomId } from '../../core/ids.ts';
import { getArray, getBoolean, getInteger, getString, isObject, type Json, type JsonObject } from '../../core/json.ts';

/** A room as another server describes it, with what decides who may see it. */
export interface DescribedRoom {
  readonly roomId: RoomId;
  /** What may stand in `PublishedRoomsChunk`, and nothing else. */
  readonly chunk: JsonObject;
  readonly joinRule: string;
  readonly worldReadable: boolean;
  readonly roomType: string | undefined;
}

/** Names are short; topics have been seen to be long. Longer texts are left out, in UTF-16 units. */
const LONGEST_TEXT = 16 * 1024;
const LONGEST_WORD = 255;
const MOST_ALLOWED = 100;

const isWord = (text: string) => text.length <= LONGEST_WORD;
const isText = (text: string) => text.length <= LONGEST_TEXT;

/** The optional texts, and which of them are taken. */
const TEXTS: Readonly<Record<string, (text: string) => boolean>> = {
  name: isText,
  topic: isText,
  canonical_alias: isRoomAlias,
  avatar_url: text => isText(text) && text.startsWith('mxc://'),
  room_type: isWord,
};

/** Reads an entry of another server's directory or hierarchy; undefined for what names no room. */
export function describedRoom(json: Json | undefined): DescribedRoom | undefined {
  if (!isObject(json)) return undefined;
  const roomId = getString(json, 'room_id');
  if (roomId === undefined || !isRoomId(roomId)) return undefined;
  const rule = getString(json, 'join_rule') ?? 'public';
  const joinRule = isWord(rule) ? rule : 'invite';
  const worldReadable = getBoolean(json, 'world_readable') ?? false;
  const chunk: JsonObject = {
    room_id: roomId,
    num_joined_members: Math.max(getInteger(json, 'num_joined_members') ?? 0, 0),
    world_readable: worldReadable,
    guest_can_join: getBoolean(json, 'guest_can_join') ?? false,
    join_rule: joinRule,
  };
  for (const [key, isTaken] of Object.entries(TEXTS)) {
    const text = getString(json, key);
    if (text !== undefined && isTaken(text)) chunk[key] = text;
  }
  return { roomId, chunk, joinRule, worldReadable, roomType: getString(chunk, 'room_type') };
}

/** What a hierarchy says of a room beyond that. */
export function summaryFields(json: JsonObject): { readonly fields: JsonObject; readonly allowed: readonly RoomId[] } {
  const allowed = (getArray(json, 'allowed_room_ids') ?? [])
    .filter((id): id is RoomId => typeof id === 'string' && isRoomId(id))
    .slice(0, MOST_ALLOWED);
  const fields: JsonObject = allowed.length === 0 ? {} : { allowed_room_ids: allowed };
  for (const key of ['room_version', 'encryption']) {
    const text = getString(json, key);
    if (text !== undefined && isWord(text)) fields[key] = text;
  }
  return { fields, allowed };
}
