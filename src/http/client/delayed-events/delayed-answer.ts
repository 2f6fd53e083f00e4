import type { Json, JsonObject } from '../../../core/json.ts';
import type { DelayedRow } from '../../../rooms/delayed-events.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';

/** Delayed events as clients see them. Those of rooms that are gone are left out. */
export async function delayedAnswers(rooms: RoomsParts, rows: readonly DelayedRow[]): Promise<JsonObject[]> {
  const found = await rooms.rooms.byNids(
    rooms.db,
    rows.map(row => row.room_nid),
  );
  return rows.flatMap(row => {
    const room = found.get(row.room_nid);
    return room === undefined ? [] : [delayedAnswer(row, room.roomId)];
  });
}

function delayedAnswer(row: DelayedRow, roomId: string): JsonObject {
  return {
    delay_id: row.delay_id,
    room_id: roomId,
    type: row.type,
    ...(row.state_key === null ? {} : { state_key: row.state_key }),
    delay: row.delay_ms,
    running_since: row.running_since,
    content: JSON.parse(row.content) as Json,
  };
}

/** How one ended. */
export function delayedEnd(row: DelayedRow): JsonObject {
  return {
    outcome: row.outcome,
    reason: row.reason,
    ...(row.error === null ? {} : { error: JSON.parse(row.error) as Json }),
    ...(row.event_id === null ? {} : { event_id: row.event_id }),
    ...(row.finalised_ts === null ? {} : { origin_server_ts: row.finalised_ts }),
  };
}
