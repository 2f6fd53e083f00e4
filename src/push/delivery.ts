import { getArray, isObject, type Json, type JsonObject } from '../core/json.ts';
import { DatabaseUnavailableError, type Queryable } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import { badgePayload, eventPayload } from './gateway-payload.ts';
import { notificationAt, unreadTotal } from './notifications.table.ts';
import type { PushAnswer, PushEvents, PushTransport } from './ports.ts';
import type { QueueEntry } from './push-queue.table.ts';
import type { Pusher } from './pushers.table.ts';

/**
 * What became of an attempt. `done`: told, or nothing to tell any more. `refused`: the gateway will never take it.
 * `later`: try again. `gone`: the gateway says that the pushkey is not valid, so the pusher is to go.
 */
export type DeliveryResult =
  | { readonly result: 'done' | 'gone' }
  | { readonly result: 'refused'; readonly reason: string }
  | { readonly result: 'later'; readonly reason: string; readonly retryAfterMs?: number | undefined };

export interface DeliveryParts {
  readonly db: Queryable;
  readonly nids: Nids;
  readonly events: PushEvents;
  readonly transport: PushTransport;
}

/** Tells one gateway one thing. @throws DatabaseUnavailableError; whatever else goes wrong is a result */
export async function deliver(
  parts: DeliveryParts,
  pusher: Pusher,
  entry: QueueEntry,
  signal: AbortSignal,
): Promise<DeliveryResult> {
  let body: string | undefined;
  try {
    body = await bodyFor(parts, pusher, entry);
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) throw error;
    return { result: 'refused', reason: `it cannot be described: ${error}` };
  }
  if (body === undefined) return { result: 'done' };
  const url = pusher.data.url;
  if (typeof url !== 'string') return { result: 'refused', reason: 'the pusher has no URL' };
  try {
    return judge(pusher, await parts.transport.send(url, body, signal));
  } catch (error) {
    return { result: 'later', reason: `the gateway does not answer: ${error}` };
  }
}

/** Undefined when there is nothing to tell: the event has been read in the meantime, or is gone. */
async function bodyFor(parts: DeliveryParts, pusher: Pusher, entry: QueueEntry): Promise<string | undefined> {
  const { db, nids, events } = parts;
  if (entry.roomNid === 0) return JSON.stringify(badgePayload(pusher, await unreadTotal(db, pusher.userNid)));
  const notification = await notificationAt(db, pusher.userNid, entry.roomNid, entry.pos);
  if (notification === undefined || notification.isRead) return undefined;
  const event = await events.forGateway(db, pusher.userNid, entry.roomNid, notification.eventNid);
  if (event === undefined) return undefined;
  const userId = await nids.users.name(db, pusher.userNid);
  const actions = JSON.parse(notification.actions) as Json[];
  return JSON.stringify(eventPayload(pusher, userId, event, actions, await unreadTotal(db, pusher.userNid)));
}

/** Timeouts and overload are told by these; every other 4xx says that this request will never be taken. */
const TRY_AGAIN = new Set([408, 421, 425, 429]);

function judge(pusher: Pusher, answer: PushAnswer): DeliveryResult {
  const { status, retryAfterMs } = answer;
  if (status >= 200 && status < 300) return { result: isRejected(pusher, answer.body) ? 'gone' : 'done' };
  if (status >= 400 && status < 500 && !TRY_AGAIN.has(status))
    return { result: 'refused', reason: `the gateway answers ${status}` };
  return { result: 'later', reason: `the gateway answers ${status}`, retryAfterMs };
}

/** A gateway can only reject the pushkey that it was asked about, whatever else it lists. */
function isRejected(pusher: Pusher, body: string): boolean {
  const answer = parseAnswer(body);
  return getArray(answer, 'rejected')?.includes(pusher.pushkey) ?? false;
}

function parseAnswer(body: string): JsonObject {
  try {
    const answer = JSON.parse(body) as Json;
    return isObject(answer) ? answer : {};
  } catch {
    return {};
  }
}
