import type { Static } from 'typebox';
import { Type } from '../base/schema.ts';

/** The shape of filters (client-server API, "Filtering"). Keys that are not known are kept and mean nothing. */

const strings = Type.Array(Type.String());
const users = Type.Array(Type.String({ pattern: '^@' }));
const rooms = Type.Array(Type.String({ pattern: '^!' }));

const eventFilter = {
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  types: Type.Optional(strings),
  not_types: Type.Optional(strings),
  senders: Type.Optional(users),
  not_senders: Type.Optional(users),
};

export const EventFilterSchema = Type.Object(eventFilter);
export type EventFilter = Static<typeof EventFilterSchema>;

/** Also the `filter` parameter of `/messages`, `/context` and search. */
export const RoomEventFilterSchema = Type.Object({
  ...eventFilter,
  rooms: Type.Optional(rooms),
  not_rooms: Type.Optional(rooms),
  contains_url: Type.Optional(Type.Boolean()),
  lazy_load_members: Type.Optional(Type.Boolean()),
  include_redundant_members: Type.Optional(Type.Boolean()),
  unread_thread_notifications: Type.Optional(Type.Boolean()),
  'org.matrix.msc3773.unread_thread_notifications': Type.Optional(Type.Boolean()),
  related_by_rel_types: Type.Optional(strings),
  related_by_senders: Type.Optional(users),
});
export type RoomEventFilter = Static<typeof RoomEventFilterSchema>;

export const FilterSchema = Type.Object({
  event_fields: Type.Optional(strings),
  event_format: Type.Optional(Type.Union([Type.Literal('client'), Type.Literal('federation')])),
  presence: Type.Optional(EventFilterSchema),
  account_data: Type.Optional(EventFilterSchema),
  room: Type.Optional(
    Type.Object({
      rooms: Type.Optional(rooms),
      not_rooms: Type.Optional(rooms),
      include_leave: Type.Optional(Type.Boolean()),
      state: Type.Optional(RoomEventFilterSchema),
      timeline: Type.Optional(RoomEventFilterSchema),
      ephemeral: Type.Optional(RoomEventFilterSchema),
      account_data: Type.Optional(RoomEventFilterSchema),
    }),
  ),
});
export type Filter = Static<typeof FilterSchema>;
