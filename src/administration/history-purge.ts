import type { EventId, RoomId } from '../core/ids.ts';
import { getBoolean, getInteger, type JsonObject } from '../core/json.ts';
import { invalidParam, MatrixError, notFound } from '../core/matrix-error.ts';
import { clearHistory } from '../rooms/clear-history.ts';
import type { ClientView } from '../rooms/event-format.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { Room, StoredEvent } from '../rooms/room.ts';
import { eventNearTime } from '../rooms/timestamp-to-event.ts';
import type { Task, TaskRunner, TaskStep, Tasks } from './tasks.ts';

export const PURGE_HISTORY = 'purge_history';

/** Up to where a room's history is wanted gone: an event, or a time in milliseconds since the epoch. */
export interface HistoryPurgeWish {
  readonly eventId: string | undefined;
  readonly ts: number | undefined;
  /** What users of this server said, too: nobody else may have it. */
  readonly deleteLocal: boolean;
}

/** Deletes what was said in a room before an event. State stays, and the event itself. */
export class HistoryPurge implements TaskRunner {
  readonly #rooms: RoomsParts;

  constructor(rooms: RoomsParts) {
    this.#rooms = rooms;
  }

  /** @throws MatrixError M_NOT_FOUND, M_INVALID_PARAM, M_UNKNOWN (400) when one is under way */
  async begin(tasks: Tasks, roomId: RoomId, view: ClientView, wish: HistoryPurgeWish): Promise<Task> {
    const room = await this.#rooms.rooms.get(this.#rooms.db, roomId);
    const running = await tasks.list({ action: PURGE_HISTORY, resource: roomId });
    if (running.some(({ status }) => status === 'scheduled' || status === 'active')) {
      throw new MatrixError('M_UNKNOWN', 'The history of this room is being purged already.', { status: 400 });
    }
    const { pos } = await this.#limit(room, view, wish);
    if (pos === undefined) throw invalidParam('That event has no place in the history of the room.');
    return tasks.schedule(PURGE_HISTORY, roomId, { below: pos, delete_local: wish.deleteLocal }, {});
  }

  async #limit(room: Room, view: ClientView, { eventId, ts }: HistoryPurgeWish): Promise<StoredEvent> {
    const { events, db } = this.#rooms;
    if (eventId !== undefined) {
      const stored = await events.inRoom(db, room, eventId as EventId);
      if (stored === undefined) throw notFound('The event was not found in this room.');
      return stored;
    }
    if (ts === undefined) throw invalidParam('Say up to which event or time.');
    return (await eventNearTime(this.#rooms, db, room, view, { ts, direction: 'b' })).stored;
  }

  async step(task: Task): Promise<TaskStep> {
    const room = await this.#rooms.rooms.get(this.#rooms.db, task.resource as RoomId);
    const below = getInteger(task.args, 'below') ?? 0;
    const after = getInteger(task.progress, 'after') ?? Number.MIN_SAFE_INTEGER;
    const deleteLocal = getBoolean(task.args, 'delete_local') === true;
    const { next, deleted } = await clearHistory(this.#rooms, room, { after, below, deleteLocal });
    const sum = (getInteger(task.progress, 'deleted') ?? 0) + deleted;
    const progress: JsonObject = { after: next ?? below, deleted: sum };
    return { ...task, isDone: next === undefined, progress };
  }
}
