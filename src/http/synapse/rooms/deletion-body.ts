import type { Static } from 'typebox';
import type { RoomDeletionWish } from '../../../administration/room-deletion.ts';
import { Type } from '../../../base/schema.ts';

const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]));
const Flag = Type.Optional(Type.Boolean());

/** What both versions of the Delete Room API take. */
export const DeletionBody = Type.Object({
  new_room_user_id: Text,
  room_name: Text,
  message: Text,
  block: Flag,
  purge: Flag,
  force_purge: Flag,
});

export function deletionWish(body: Static<typeof DeletionBody>): RoomDeletionWish {
  return {
    block: body.block ?? false,
    purge: body.purge ?? true,
    forcePurge: body.force_purge ?? false,
    newRoomUser: body.new_room_user_id ?? undefined,
    newRoomName: body.room_name ?? undefined,
    message: body.message ?? undefined,
  };
}
