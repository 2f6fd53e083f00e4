import type { Json, JsonObject } from '../core/json.ts';
import { invalidParam } from '../core/matrix-error.ts';
import type { Database } from '../db/database.ts';
import { type HistoryPlace, notificationHistory, type StoredNotification } from './notifications.table.ts';
import type { PushEvents } from './ports.ts';

export interface HistoryPage {
  readonly notifications: readonly JsonObject[];
  readonly next_token?: string;
}

/** What a user has been notified about, newest first (getNotifications). */
export class NotificationHistory {
  readonly #db: Database;
  readonly #events: PushEvents;

  constructor(parts: { readonly db: Database; readonly events: PushEvents }) {
    this.#db = parts.db;
    this.#events = parts.events;
  }

  /** @throws MatrixError M_INVALID_PARAM for a token that is none of ours */
  async page(
    userNid: number,
    options: { readonly from: string | undefined; readonly limit: number; readonly onlyHighlights: boolean },
  ): Promise<HistoryPage> {
    const { limit, onlyHighlights } = options;
    const before = options.from === undefined ? undefined : parsePlace(options.from);
    const rows = await notificationHistory(this.#db, userNid, { before, limit, onlyHighlights });
    const events = await this.#events.forClient(
      this.#db,
      userNid,
      rows.map(row => row.eventNid),
    );
    const notifications = rows.flatMap(row => shown(row, events.get(row.eventNid)));
    const last = rows.at(-1);
    // A full page may be the last one; an empty page behind it costs less than counting.
    return last === undefined || rows.length < limit
      ? { notifications }
      : { notifications, next_token: writePlace(last) };
  }
}

/** Nothing for an event that is gone, and nothing for a row that cannot be read. */
function shown(
  row: StoredNotification,
  found: { readonly roomId: string; readonly event: JsonObject } | undefined,
): JsonObject[] {
  const actions = parseActions(row.actions);
  if (found === undefined || actions === undefined) return [];
  return [{ actions, event: found.event, read: row.isRead, room_id: found.roomId, ts: row.ts }];
}

function parseActions(json: string): Json[] | undefined {
  try {
    const value = JSON.parse(json) as Json;
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function writePlace({ ts, roomNid, pos }: HistoryPlace): string {
  return `n${ts}_${roomNid}_${pos}`;
}

function parsePlace(token: string): HistoryPlace {
  const [, ...numbers] = /^n(\d{1,15})_(\d{1,15})_(-?\d{1,15})$/.exec(token) ?? [];
  const [ts, roomNid, pos] = numbers.map(Number);
  if (ts === undefined || roomNid === undefined || pos === undefined)
    throw invalidParam('from is no token of /notifications.');
  return { ts, roomNid, pos };
}
