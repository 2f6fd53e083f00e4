import type { Task } from '../../../administration/tasks.ts';
import { getArray, type JsonObject } from '../../../core/json.ts';

/** How far the deletion of a room is. `waiting_for`, ours: who reads the room log and has not seen the users leave. */
export function deletionAnswer(task: Task): JsonObject {
  const waitingFor = getArray(task.progress, 'waiting_for');
  return {
    delete_id: task.id,
    room_id: task.resource ?? null,
    status: task.status,
    ...(task.error !== undefined && { error: task.error }),
    shutdown_room: task.result,
    ...(waitingFor !== undefined && { waiting_for: [...waitingFor] }),
  };
}
