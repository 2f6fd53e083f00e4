import { type EventId, isRoomId, isUserId, type RoomId, type UserId } from '../core/ids.ts';
import { getBoolean, getInteger, getObject, getString, type JsonObject } from '../core/json.ts';
import { invalidParam, MatrixError } from '../core/matrix-error.ts';
import { currentMembership } from '../rooms/current-membership.ts';
import { type SentRow, sentBefore } from '../rooms/events.table.ts';
import { membershipsOf } from '../rooms/memberships.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import { REDACTED, type Room } from '../rooms/room.ts';
import { sendRedaction } from '../rooms/send.ts';
import type { Task, TaskRunner, TaskStep, Tasks } from './tasks.ts';

export const REDACT_EVENTS = 'redact_all_events';

/** Which events of a user an administrator wants redacted. */
export interface RedactionWish {
  /** None: all rooms that the user is in, or banned from. */
  readonly rooms: readonly string[];
  readonly reason: string | undefined;
  /** The newest so many in each room. */
  readonly limit: number;
  /** The administrator redacts; else the user does, where the user belongs to this server. */
  readonly useAdmin: boolean;
  /** Milliseconds since the epoch; both ends count. */
  readonly afterTs: number | undefined;
  readonly beforeTs: number | undefined;
}

const MOST_ROOMS = 10_000;
/** Events that one step looks at, and those of them that it redacts at most. */
const LOOKED_AT = 1000;
const REDACTED_AT_ONCE = 20;
const MOST_FAILURES = 1000;

/** Where a task is: the rooms that are left, the first of which is being worked on. */
interface Place {
  readonly rooms: readonly RoomId[];
  /** Positions below this one are left. */
  readonly below: number;
  readonly redacted: number;
}

/** What clients show of a user, and the name under which they came in. */
const TYPES: ReadonlySet<string> = new Set([
  'm.room.message',
  'm.room.encrypted',
  'm.reaction',
  'm.sticker',
  'm.room.member',
]);

/** Redacts the events of one user in many rooms, newest first. */
export class EventRedaction implements TaskRunner {
  readonly #rooms: RoomsParts;

  constructor(rooms: RoomsParts) {
    this.#rooms = rooms;
  }

  /** @throws MatrixError M_INVALID_PARAM */
  async begin(tasks: Tasks, userId: string, by: { readonly userId: UserId }, wish: RedactionWish): Promise<Task> {
    if (!isUserId(userId)) throw invalidParam('This is not a user ID.');
    const odd = wish.rooms.find(room => !isRoomId(room));
    if (odd !== undefined) throw invalidParam(`${odd} is not a room ID.`);
    const rooms = wish.rooms.length > 0 ? wish.rooms : await this.#roomsOf(userId);
    if (rooms.length > MOST_ROOMS) throw invalidParam(`At most ${MOST_ROOMS} rooms can be worked on at once.`);
    const args: JsonObject = {
      by: by.userId,
      rooms: [...rooms],
      reason: wish.reason ?? null,
      limit: wish.limit,
      use_admin: wish.useAdmin,
      after_ts: wish.afterTs ?? null,
      before_ts: wish.beforeTs ?? null,
    };
    return tasks.schedule(REDACT_EVENTS, userId, args, { failed_redactions: {} });
  }

  async #roomsOf(userId: UserId): Promise<RoomId[]> {
    const all = await membershipsOf(this.#rooms, this.#rooms.db, userId);
    return all.filter(([, membership]) => membership === 'join' || membership === 'ban').map(([roomId]) => roomId);
  }

  async step(task: Task): Promise<TaskStep> {
    const place = placeOf(task);
    const [roomId, ...rest] = place.rooms;
    if (roomId === undefined) return { ...task, isDone: true };
    const room = await this.#rooms.rooms.find(this.#rooms.db, roomId);
    const left = (getInteger(task.args, 'limit') ?? 0) - place.redacted;
    const rows =
      room === undefined || left <= 0 ? [] : await sentBefore(this.#rooms.db, room.nid, place.below, LOOKED_AT);
    if (room === undefined || rows.length === 0) {
      const next = { rooms: rest, below: Number.MAX_SAFE_INTEGER, redacted: 0 };
      return { ...task, isDone: rest.length === 0, progress: { ...next, rooms: [...rest] } };
    }
    return this.#redactSome(task, room, rows, place, Math.min(left, REDACTED_AT_ONCE));
  }

  async #redactSome(task: Task, room: Room, rows: readonly SentRow[], place: Place, most: number): Promise<TaskStep> {
    const found = await this.#wanted(task, rows);
    const failed = { ...getObject(task.result, 'failed_redactions') };
    let [redacted, below, failures] = [0, rows.at(-1)?.pos ?? 0, 0];
    for (const { eventId, pos } of found) {
      if (redacted + failures === most) break;
      const reason = await this.#redact(task, room, eventId);
      if (reason === undefined) redacted++;
      else if (Object.keys(failed).length < MOST_FAILURES) failed[eventId] = reason;
      if (reason !== undefined) failures++;
      // The rest of the rows is looked at again by the next step.
      below = redacted + failures === most ? pos : below;
    }
    const progress = { rooms: [...place.rooms], below, redacted: place.redacted + redacted + failures };
    return { isDone: false, progress, result: failures > 0 ? { failed_redactions: failed } : task.result };
  }

  /** Those of the events that are the user's, of the time asked for, and not redacted yet. */
  async #wanted(task: Task, rows: readonly SentRow[]): Promise<{ readonly eventId: EventId; readonly pos: number }[]> {
    const { nids, events, db } = this.#rooms;
    const senderNid = await nids.users.findOne(db, task.resource as UserId);
    const after = getInteger(task.args, 'after_ts') ?? 0;
    const before = getInteger(task.args, 'before_ts') ?? Number.MAX_SAFE_INTEGER;
    const own = rows.filter(
      row => row.sender_nid === senderNid && (row.flags & REDACTED) === 0 && row.ts >= after && row.ts <= before,
    );
    const found = await events.byNids(
      db,
      own.map(row => row.nid),
    );
    return own.flatMap(row => {
      const event = found.get(row.nid)?.event;
      if (event === undefined || !TYPES.has(event.type)) return [];
      // A leave or ban says nothing that anybody would want to hide, and undoing it would be worse.
      const isOther = event.type === 'm.room.member' && getString(event.content, 'membership') !== 'join';
      return isOther ? [] : [{ eventId: event.id, pos: row.pos }];
    });
  }

  /** Undefined when it is done; else why not. */
  async #redact(task: Task, room: Room, redacts: EventId): Promise<string | undefined> {
    const sender = await this.#senderIn(task, room);
    const reason = getString(task.args, 'reason');
    const content: JsonObject = reason === undefined ? {} : { reason };
    try {
      await sendRedaction(this.#rooms, room, { type: 'm.room.redaction', sender, content, redacts }, undefined);
      return undefined;
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error;
      return error.message;
    }
  }

  /** A user of ours redacts what is their own; who is not in the room any more cannot, and the administrator has to. */
  async #senderIn(task: Task, room: Room): Promise<UserId> {
    const { db, serverName } = this.#rooms;
    const [user, admin] = [task.resource as UserId, getString(task.args, 'by') as UserId];
    if (getBoolean(task.args, 'use_admin') === true || !user.endsWith(`:${serverName}`)) return admin;
    const membership = (await currentMembership(this.#rooms, db, room, user))?.membership;
    return membership === 'join' ? user : admin;
  }
}

function placeOf({ args, progress }: Task): Place {
  const rooms = (progress.rooms ?? args.rooms) as RoomId[];
  return {
    rooms,
    below: getInteger(progress, 'below') ?? Number.MAX_SAFE_INTEGER,
    redacted: getInteger(progress, 'redacted') ?? 0,
  };
}
