import type { EventId, RoomId, ServerName, UserId } from '../../core/ids.ts';
import { isEventId } from '../../core/ids.ts';
import {
  getArray,
  getInteger,
  getObject,
  getString,
  isObject,
  type Json,
  type JsonObject,
  parseJson,
} from '../../core/json.ts';
import { JsonSplitter } from '../../core/json-splitter.ts';
import type { FederationClient } from '../transport/federation-client.ts';
import { path } from '../transport/request-target.ts';

/** The state before an event, by the IDs of its events, and the auth chain of these. */
export interface StateIds {
  readonly state: readonly EventId[];
  readonly authChain: readonly EventId[];
}

/** Of an event with its keys and spaces. */
const LARGEST_EVENT = 128 * 1024;
/** More than the largest rooms there are have. */
const LARGEST_STATE = 512 * 1024 * 1024;
const LARGEST_IDS = 32 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
/** Synapse names ten, Dendrite twenty. */
const MOST_HEADS = 100;

/**
 * Asks another server for events of a room (server-server API, "Backfilling and retrieving missing events" and
 * "Retrieving events"). What comes is as that server sent it: nothing is checked yet but that it is JSON.
 */
export class PeerEvents {
  readonly #client: Pick<FederationClient, 'request' | 'stream'>;

  constructor(client: Pick<FederationClient, 'request' | 'stream'>) {
    this.#client = client;
  }

  /** Events between ours and `latest`, as many as the server likes to give, the oldest first as a rule. */
  async missing(
    server: ServerName,
    roomId: RoomId,
    { earliest, latest, limit }: { earliest: readonly EventId[]; latest: readonly EventId[]; limit: number },
  ): Promise<Json[]> {
    const answer = await this.#client.request(server, {
      method: 'POST',
      path: path`/_matrix/federation/v1/get_missing_events/${roomId}`,
      body: { earliest_events: [...earliest], latest_events: [...latest], limit, min_depth: 0 },
      timeoutMs: TIMEOUT_MS,
    });
    return arrayIn(answer, 'events').slice(0, limit);
  }

  /** Older events, from some on backwards and with these, the newest first as a rule. */
  async older(server: ServerName, roomId: RoomId, from: readonly EventId[], limit: number): Promise<Json[]> {
    const answer = await this.#client.request(server, {
      method: 'GET',
      path: path`/_matrix/federation/v1/backfill/${roomId}`,
      query: { v: from, limit },
      timeoutMs: TIMEOUT_MS,
    });
    return arrayIn(answer, 'pdus').slice(0, 2 * limit);
  }

  /**
   * The events of a room that nothing builds on there: what the server would let one of our users leave on top of. It may
   * name only some of many. The template is never sent, and the server keeps nothing of it.
   */
  async heads(server: ServerName, roomId: RoomId, userId: UserId): Promise<EventId[]> {
    const answer = await this.#client.request(server, {
      method: 'GET',
      path: path`/_matrix/federation/v1/make_leave/${roomId}/${userId}`,
      timeoutMs: TIMEOUT_MS,
    });
    const event = isObject(answer) ? getObject(answer, 'event') : undefined;
    const named = event === undefined ? [] : arrayIn(event, 'prev_events').slice(0, MOST_HEADS);
    return named.map(each => (Array.isArray(each) ? each[0] : each)).filter(isId);
  }

  async event(server: ServerName, eventId: EventId): Promise<Json | undefined> {
    const request = {
      method: 'GET' as const,
      path: path`/_matrix/federation/v1/event/${eventId}`,
      timeoutMs: TIMEOUT_MS,
    };
    return arrayIn(await this.#client.request(server, request), 'pdus')[0];
  }

  /** The event nearest to a time that the server knows, and when it was sent; undefined where the answer is none. */
  async nearTime(
    server: ServerName,
    roomId: RoomId,
    { ts, direction }: { readonly ts: number; readonly direction: 'f' | 'b' },
  ): Promise<{ readonly eventId: EventId; readonly ts: number } | undefined> {
    const answer = await this.#client.request(server, {
      method: 'GET',
      path: path`/_matrix/federation/v1/timestamp_to_event/${roomId}`,
      query: { ts, dir: direction },
      timeoutMs: TIMEOUT_MS,
    });
    const eventId = isObject(answer) ? getString(answer, 'event_id') : undefined;
    const found = isObject(answer) ? getInteger(answer, 'origin_server_ts') : undefined;
    return eventId === undefined || found === undefined || !isEventId(eventId) ? undefined : { eventId, ts: found };
  }

  async stateIds(server: ServerName, roomId: RoomId, eventId: EventId): Promise<StateIds> {
    const answer = await this.#client.request(server, {
      method: 'GET',
      path: path`/_matrix/federation/v1/state_ids/${roomId}`,
      query: { event_id: eventId },
      maxBytes: LARGEST_IDS,
      timeoutMs: TIMEOUT_MS,
    });
    return { state: idsIn(answer, 'pdu_ids'), authChain: idsIn(answer, 'auth_chain_ids') };
  }

  /** The auth chain of an event. */
  authChain(server: ServerName, roomId: RoomId, eventId: EventId): AsyncIterable<Json> {
    return this.#elements(server, path`/_matrix/federation/v1/event_auth/${roomId}/${eventId}`, {}, ['auth_chain']);
  }

  /** The events of the state before an event and of its auth chain, of any number. */
  state(server: ServerName, roomId: RoomId, eventId: EventId): AsyncIterable<Json> {
    const query = { event_id: eventId };
    return this.#elements(server, path`/_matrix/federation/v1/state/${roomId}`, query, ['auth_chain', 'pdus']);
  }

  async *#elements(
    server: ServerName,
    target: string,
    query: Readonly<Record<string, string>>,
    arrays: readonly string[],
  ): AsyncGenerator<Json, void> {
    const request = { method: 'GET' as const, path: target, query, maxBytes: LARGEST_STATE, timeoutMs: TIMEOUT_MS };
    await using answer = await this.#client.stream(server, request);
    const splitter = new JsonSplitter({ arrays: new Set(arrays), maxBytes: LARGEST_EVENT });
    for await (const chunk of answer.body) {
      for (const { bytes, isElement } of splitter.push(chunk))
        if (isElement && bytes !== undefined) yield parseJson(bytes, 'lenient');
    }
    splitter.end();
  }
}

function arrayIn(answer: Json, key: string): Json[] {
  return isObject(answer) ? [...(getArray(answer, key) ?? [])] : [];
}

function idsIn(answer: Json, key: string): EventId[] {
  const list = arrayIn(answer as JsonObject, key);
  return [...new Set(list.filter(isId))];
}

function isId(id: Json | undefined): id is EventId {
  return typeof id === 'string' && isEventId(id);
}
