import type { JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';

/** What a gateway is told about an event, unless the pusher wants only its ID. */
export interface PushedEvent {
  readonly eventId: string;
  readonly roomId: string;
  readonly type: string;
  readonly sender: string;
  readonly content: JsonObject;
  readonly stateKey: string | undefined;
  /** Of the sender, in the room. */
  readonly senderDisplayName: string | undefined;
  /** As m.room.name says, or undefined. */
  readonly roomName: string | undefined;
  /** The canonical alias, or undefined. */
  readonly roomAlias: string | undefined;
}

/** What push needs of rooms; `main` hands it over. */
export interface PushEvents {
  /** Undefined when the event is gone or the user may not see it any more. */
  forGateway(db: Queryable, userNid: number, roomNid: number, eventNid: number): Promise<PushedEvent | undefined>;
  /** Events as the client sees them, without `room_id`, by number; those that are gone are left out. */
  forClient(
    db: Queryable,
    userNid: number,
    eventNids: readonly number[],
  ): Promise<Map<number, { readonly roomId: string; readonly event: JsonObject }>>;
}

export interface PushAnswer {
  readonly status: number;
  /** The body, cut by the transport to at most 64 KiB. */
  readonly body: string;
  /** What a Retry-After header said. */
  readonly retryAfterMs?: number | undefined;
}

/** Posts JSON to a push gateway. Rejects when no answer came; guards against addresses that must not be reached. */
export interface PushTransport {
  send(url: string, body: string, signal: AbortSignal): Promise<PushAnswer>;
}
