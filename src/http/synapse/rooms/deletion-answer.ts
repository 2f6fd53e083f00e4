import type { Task } from '../../../administration/tasks.ts';
import type { JsonObject } from '../../../core/json.ts';

/** How far the deletion of a room is. */
export function deletionAnswer(task: Task): JsonObject {
  return {
    delete_id: task.id,
    room_id: task.resource ?? null,
    status: task.status,
    ...(task.error !== undefined && { error: task.error }),
    shutdown_room: task.result,
  };
}
