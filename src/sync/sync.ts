import type { JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import type { ClientView } from '../rooms/event-format.ts';
import { formatLogToken, type LogToken } from '../rooms/log-token.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import { logHeads } from '../rooms/room-log.table.ts';
import { userPos } from '../rooms/user-log.table.ts';
import { deviceListChanges } from './device-lists.ts';
import { LazyMembers } from './lazy-members.ts';
import type { Notifier } from './notifier.ts';
import { roomsSection } from './rooms-section.ts';
import type { SyncSources, ToDeviceBatch } from './sources.ts';
import type { SyncFilter } from './sync-filter.ts';
import type { Typing } from './typing.ts';
import type { SyncWindow } from './window.ts';

export interface SyncRequest {
  readonly view: ClientView;
  readonly since: LogToken | undefined;
  readonly filter: SyncFilter;
  readonly fullState: boolean;
  readonly useStateAfter: boolean;
  /** How long to wait for something to happen, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** However long a client wants to wait, a proxy in between does not. */
const LONGEST_WAIT_MS = 120_000;

/** `GET /sync`, from the two logs. */
export class Sync {
  readonly #parts: RoomsParts;
  readonly #sources: SyncSources;
  readonly #notifier: Notifier;
  readonly #typing: Typing;
  readonly #lazyMembers = new LazyMembers();

  constructor(parts: { rooms: RoomsParts; sources: SyncSources; notifier: Notifier; typing: Typing }) {
    this.#parts = parts.rooms;
    this.#sources = parts.sources;
    this.#notifier = parts.notifier;
    this.#typing = parts.typing;
  }

  /** Answers as soon as there is something new since `since`, or when the time is up. */
  async answer(request: SyncRequest): Promise<JsonObject> {
    using ticket = this.#notifier.take(request.view.userNid);
    const { view, since } = request;
    if (since !== undefined && view.deviceId !== undefined) {
      await this.#sources.acknowledgeToDevice(view.userNid, view.deviceId, since.user);
    }
    const clock = this.#parts.clock;
    const end = clock.monotonic() + Math.min(request.timeoutMs, LONGEST_WAIT_MS);
    for (;;) {
      const { json, isNews } = await this.#once(request);
      const left = end - clock.monotonic();
      if (isNews || since === undefined || request.fullState || left <= 0) return json;
      const outcome = await ticket.wait(left, request.signal);
      if (outcome === 'aborted') return json;
    }
  }

  async #once(request: SyncRequest): Promise<{ json: JsonObject; isNews: boolean }> {
    const db = this.#parts.db;
    const { view, since } = request;
    const now = await this.#heads(view.userNid);
    const ignored = await this.#sources.ignoredUsers(db, view.userNid, now.user);
    const window: SyncWindow = {
      parts: this.#parts,
      sources: this.#sources,
      typing: this.#typing,
      lazyMembers: this.#lazyMembers,
      view,
      since,
      now,
      filter: request.filter,
      fullState: request.fullState,
      useStateAfter: request.useStateAfter,
      ignored,
    };
    const messages = await this.#toDevice(window);
    const section = await roomsSection(window);
    const accountData = await this.#accountData(window);
    const lists = since === undefined ? { changed: [], left: [] } : await deviceListChanges(window, section);
    const isNews =
      messages.events.length > 0 ||
      accountData.length > 0 ||
      lists.changed.length > 0 ||
      lists.left.length > 0 ||
      Object.keys(section.json).length > 0;
    const json: JsonObject = {
      // When not all to-device messages fit, the client comes back for the rest.
      next_batch: formatLogToken({ ...now, user: Math.min(now.user, messages.upTo) }),
      ...(accountData.length > 0 ? { account_data: { events: accountData } } : {}),
      ...(Object.keys(section.json).length > 0 ? { rooms: section.json } : {}),
      ...(lists.changed.length + lists.left.length > 0
        ? { device_lists: { changed: lists.changed, left: lists.left } }
        : {}),
      ...(messages.events.length > 0 ? { to_device: { events: [...messages.events] } } : {}),
      ...(view.deviceId === undefined ? {} : await this.#keyCounts(db, view.userNid, view.deviceId)),
    };
    return { json, isNews };
  }

  async #heads(userNid: number): Promise<LogToken> {
    const typing = this.#typing.token;
    const user = await userPos(this.#parts.db, userNid);
    return { shards: await logHeads(this.#parts.db), user, typing };
  }

  async #toDevice({ view, since, now, sources, parts }: SyncWindow): Promise<ToDeviceBatch> {
    if (view.deviceId === undefined) return { events: [], upTo: now.user };
    return sources.toDevice(parts.db, view.userNid, view.deviceId, since?.user ?? 0, now.user);
  }

  async #accountData(window: SyncWindow): Promise<JsonObject[]> {
    const { sources, parts, view, since, filter } = window;
    const events: JsonObject[] = [];
    const rules = await sources.pushRules(parts.db, { nid: view.userNid, id: view.userId }, since?.user);
    if (rules !== undefined) events.push({ type: 'm.push_rules', content: rules });
    for (const { type, content } of await sources.globalAccountData(parts.db, view.userNid, since?.user))
      events.push({ type, content });
    return events.filter(event =>
      filter.accountData.matches({ type: event.type as string, sender: view.userId, content: {} }),
    );
  }

  async #keyCounts(db: Queryable, userNid: number, deviceId: string): Promise<JsonObject> {
    return {
      device_one_time_keys_count: await this.#sources.oneTimeKeyCounts(db, userNid, deviceId),
      device_unused_fallback_key_types: [...(await this.#sources.unusedFallbackKeyTypes(db, userNid, deviceId))],
    };
  }
}
