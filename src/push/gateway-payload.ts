import { isObject, type Json, type JsonObject } from '../core/json.ts';
import type { PushedEvent } from './ports.ts';
import type { Pusher } from './pushers.table.ts';

/** The body that tells a gateway about an event (push gateway API, `notify`). `unread` is the new badge count. */
export function eventPayload(
  pusher: Pusher,
  userId: string,
  event: PushedEvent,
  actions: readonly Json[],
  unread: number,
): JsonObject {
  const tweaks = tweaksOf(actions);
  return {
    notification: {
      event_id: event.eventId,
      room_id: event.roomId,
      ...(pusher.data.format === 'event_id_only' ? {} : eventFields(event, userId)),
      prio: isUrgent(event, tweaks) ? 'high' : 'low',
      counts: { unread },
      devices: [{ ...deviceOf(pusher), tweaks }],
    },
  };
}

/**
 * The body that tells a gateway only the new badge count. "Counts whose value is zero should be omitted"; but Sygnal drops a
 * notification that has neither an event nor a count, and takes a missing count for one that did not change: only a zero
 * that is said takes the badge off a phone. Synapse says it, too.
 */
export function badgePayload(pusher: Pusher, unread: number): JsonObject {
  return { notification: { prio: 'low', counts: { unread }, devices: [deviceOf(pusher)] } };
}

function eventFields(event: PushedEvent, userId: string): JsonObject {
  const { type, sender, content, stateKey, senderDisplayName, roomName, roomAlias } = event;
  return {
    type,
    sender,
    content,
    ...(senderDisplayName === undefined ? {} : { sender_display_name: senderDisplayName }),
    ...(roomName === undefined ? {} : { room_name: roomName }),
    ...(roomAlias === undefined ? {} : { room_alias: roomAlias }),
    ...(type === 'm.room.member' ? { user_is_target: stateKey === userId } : {}),
  };
}

/** All of the pusher's data but the URL is passed on; `pushkey_ts` is in seconds. */
function deviceOf(pusher: Pusher): JsonObject {
  const { url: _, ...data } = pusher.data;
  return { app_id: pusher.appId, pushkey: pusher.pushkey, pushkey_ts: Math.floor(pusher.ts / 1000), data };
}

/** A tweak without a value: `highlight` means true then, others say nothing. */
function tweaksOf(actions: readonly Json[]): JsonObject {
  const tweaks = new Map<string, Json>();
  for (const action of actions) {
    if (!isObject(action) || typeof action.set_tweak !== 'string') continue;
    const value = action.value ?? (action.set_tweak === 'highlight' ? true : undefined);
    if (value !== undefined) tweaks.set(action.set_tweak, value);
  }
  return Object.fromEntries(tweaks);
}

/** What makes a phone ring goes out with high priority, the rest may wait for the phone to wake up. */
function isUrgent(event: PushedEvent, tweaks: JsonObject): boolean {
  return event.type === 'm.room.encrypted' || tweaks.highlight === true || tweaks.sound !== undefined;
}
