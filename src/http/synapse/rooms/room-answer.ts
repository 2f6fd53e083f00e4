import type { JsonObject } from '../../../core/json.ts';
import type { ListedRoom } from '../../../rooms/room-list.ts';

/** A room in a list, and what its details have in common with that. */
export function roomAnswer(room: ListedRoom): JsonObject {
  return {
    room_id: room.room_id,
    name: room.name,
    canonical_alias: room.alias,
    joined_members: room.joined_count,
    joined_local_members: room.joined_local,
    version: room.version,
    creator: room.creator,
    encryption: room.encryption,
    federatable: room.federatable === 1,
    public: room.is_public === 1,
    join_rules: room.join_rule,
    guest_access: room.guest_access,
    history_visibility: room.history_visibility,
    state_events: room.stateEvents,
    room_type: room.room_type,
  };
}
