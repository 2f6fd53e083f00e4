import { hash } from 'node:crypto';
import type { Static } from 'typebox';
import { Type } from '../../../base/schema.ts';
import type { RoomId } from '../../../core/ids.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import type { RoomConfig } from '../../../sync/sliding/connection-state.ts';
import type { ListFilter } from '../../../sync/sliding/list-filter.ts';
import type {
  ExtensionScope,
  ListRange,
  SlidingRequest,
  WantedExtensions,
  WantedList,
} from '../../../sync/sliding/request.ts';
import { requiredState } from '../../../sync/sliding/required-state.ts';

/** More of a timeline is cut to this. */
const LONGEST_TIMELINE = 100;
const MOST_LISTS = 100;
/** The proposal says 100, but clients of its unstable form are used to servers that do not count. */
const MOST_SUBSCRIPTIONS = 1000;
const MOST_MESSAGES = 100;
const RULES_LETTERS = 8;

const SHORT = Type.String({ maxLength: 255 });
const FLAG = Type.Union([Type.Boolean(), Type.Null()]);
const ROOM = {
  timeline_limit: Type.Integer({ minimum: 0 }),
  required_state: Type.Optional(Type.Array(Type.Array(SHORT, { minItems: 2, maxItems: 2 }), { maxItems: 300 })),
};
const TYPES = Type.Optional(Type.Array(Type.Union([SHORT, Type.Null()]), { maxItems: 100 }));
const NAMES = Type.Optional(Type.Array(SHORT, { maxItems: 100 }));
const LIST = Type.Object({
  ...ROOM,
  ranges: Type.Optional(
    Type.Array(Type.Array(Type.Integer({ minimum: 0 }), { minItems: 2, maxItems: 2 }), { maxItems: 100 }),
  ),
  filters: Type.Optional(
    Type.Object({
      is_dm: Type.Optional(FLAG),
      is_encrypted: Type.Optional(FLAG),
      is_invite: Type.Optional(FLAG),
      room_types: TYPES,
      not_room_types: TYPES,
      tags: NAMES,
      not_tags: NAMES,
      spaces: NAMES,
    }),
  ),
});
const SCOPED = Type.Object({
  enabled: Type.Optional(FLAG),
  lists: Type.Optional(Type.Array(SHORT, { maxItems: MOST_LISTS })),
  rooms: Type.Optional(Type.Array(SHORT, { maxItems: MOST_SUBSCRIPTIONS })),
});

/** The body of a request of simplified sliding sync in its unstable form (MSC4186, as Synapse takes it). */
export const SLIDING_BODY = Type.Object({
  conn_id: Type.Optional(Type.String({ maxLength: 64 })),
  lists: Type.Optional(Type.Record(Type.String(), LIST)),
  room_subscriptions: Type.Optional(Type.Record(Type.String(), Type.Object(ROOM))),
  extensions: Type.Optional(
    Type.Object({
      to_device: Type.Optional(
        Type.Object({
          enabled: Type.Optional(FLAG),
          limit: Type.Optional(Type.Integer({ minimum: 0 })),
          since: Type.Optional(Type.String({ maxLength: 64 })),
        }),
      ),
      e2ee: Type.Optional(Type.Object({ enabled: Type.Optional(FLAG) })),
      account_data: Type.Optional(SCOPED),
      receipts: Type.Optional(SCOPED),
      typing: Type.Optional(SCOPED),
    }),
  ),
});

type Body = Static<typeof SLIDING_BODY>;
type Extensions = NonNullable<Body['extensions']>;
type Wanted = Pick<SlidingRequest, 'connId' | 'lists' | 'subscriptions' | 'extensions' | 'rules'>;

/** What a body asks for. @throws MatrixError M_INVALID_PARAM */
export function slidingRequest(body: Body, userId: string): Wanted {
  const lists = Object.entries(body.lists ?? {});
  const subscriptions = Object.entries(body.room_subscriptions ?? {});
  if (lists.length > MOST_LISTS) throw invalidParam(`A request has at most ${MOST_LISTS} lists.`);
  if (subscriptions.length > MOST_SUBSCRIPTIONS)
    throw invalidParam(`A request has at most ${MOST_SUBSCRIPTIONS} room subscriptions.`);
  return {
    connId: body.conn_id ?? '',
    lists: new Map(lists.map(([name, list]) => [name, wantedList(list, userId)])),
    subscriptions: new Map(subscriptions.map(([roomId, room]) => [roomId as RoomId, roomConfig(room, userId)])),
    extensions: wantedExtensions(body.extensions ?? {}),
    rules: rulesOf(body),
  };
}

function wantedList(list: Static<typeof LIST>, userId: string): WantedList {
  return {
    ranges: list.ranges as readonly ListRange[] | undefined,
    filter: listFilter(list.filters ?? {}),
    config: roomConfig(list, userId),
  };
}

function roomConfig(room: Pick<Static<typeof LIST>, keyof typeof ROOM>, userId: string): RoomConfig {
  return {
    timelineLimit: Math.min(room.timeline_limit, LONGEST_TIMELINE),
    state: requiredState(room.required_state ?? [], userId),
  };
}

function listFilter(filters: NonNullable<Static<typeof LIST>['filters']>): ListFilter {
  return {
    isDm: filters.is_dm ?? undefined,
    isEncrypted: filters.is_encrypted ?? undefined,
    isInvite: filters.is_invite ?? undefined,
    roomTypes: filters.room_types,
    notRoomTypes: filters.not_room_types,
    tags: filters.tags,
    notTags: filters.not_tags,
    spaces: filters.spaces,
  };
}

function wantedExtensions({ to_device, e2ee, account_data, receipts, typing }: Extensions): WantedExtensions {
  return {
    toDevice:
      to_device?.enabled === true
        ? { since: placeIn(to_device.since), limit: Math.min(to_device.limit ?? MOST_MESSAGES, MOST_MESSAGES) }
        : undefined,
    e2ee: e2ee?.enabled === true,
    accountData: scope(account_data),
    receipts: scope(receipts),
    typing: scope(typing),
  };
}

function scope(extension: Static<typeof SCOPED> | undefined): ExtensionScope | undefined {
  if (extension?.enabled !== true) return undefined;
  return { lists: extension.lists ?? ['*'], rooms: extension.rooms ?? ['*'] };
}

function placeIn(since: string | undefined): number | undefined {
  if (since === undefined || since === '') return undefined;
  if (!/^\d{1,15}$/.test(since)) throw invalidParam('That is not a place in the messages to a device.');
  return Number(since);
}

/** The same for two requests that differ only in how far the client is. */
function rulesOf({ lists, room_subscriptions, extensions = {} }: Body): string {
  const { to_device: _, ...others } = extensions;
  return hash('sha256', JSON.stringify([lists, room_subscriptions, others]), 'base64url').slice(0, RULES_LETTERS);
}
