import { redactsOf } from '../core/event.ts';
import type { JsonObject } from '../core/json.ts';
import type { FieldTree } from './event-fields.ts';
import type { StoredEvent } from './room.ts';
import type { Viewer } from './visibility.ts';

/** Whose eyes an event is written for. */
export interface ClientView extends Viewer {
  readonly deviceId: string | undefined;
}

export interface ClientFormat {
  /** `/sync` says the room once, outside. */
  readonly withoutRoomId?: boolean;
  /** State events do not carry bundled aggregations in `state` sections. */
  readonly withoutBundle?: boolean;
  /** In lists of state nobody asks what was there before. */
  readonly withoutPrevious?: boolean;
  /** But of the viewer's own membership: clients read from it who invited, and whether that was to a direct chat. */
  readonly ownPrevious?: boolean;
  /** As it travels between servers, with its ID (`event_format` of a filter). */
  readonly asFederated?: boolean;
  /** Nothing but these fields (`event_fields` of a filter). */
  readonly fields?: FieldTree | undefined;
}

/** The event itself as clients see it, the same for everyone (client-server API, "Room event format"). */
export function clientEvent(stored: StoredEvent, format: ClientFormat = {}): JsonObject {
  const { event } = stored;
  if (format.asFederated === true) return { ...event.pdu, event_id: event.id };
  const redacts = redactsOf(event);
  return {
    type: event.type,
    // Clients of either age find `redacts` where they look for it (room version 11, "Redaction").
    content:
      redacts === undefined || Object.hasOwn(event.content, 'redacts') ? event.content : { ...event.content, redacts },
    event_id: event.id,
    sender: event.sender,
    origin_server_ts: event.ts,
    ...(event.stateKey === undefined ? {} : { state_key: event.stateKey }),
    ...(redacts === undefined ? {} : { redacts }),
    ...(format.withoutRoomId === true ? {} : { room_id: event.roomId }),
  };
}
