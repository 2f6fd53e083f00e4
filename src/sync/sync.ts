import type { Admission } from '../base/admission.ts';
import { BudgetFullError } from '../base/budget-account.ts';
import type { JsonObject } from '../core/json.ts';
import type { ClientView } from '../rooms/event-format.ts';
import { formatLogToken, type LogToken } from '../rooms/log-token.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import { deviceListChanges } from './device-lists.ts';
import type { LogView } from './log-view.ts';
import type { Notifier } from './notifier.ts';
import type { Presence } from './presence/presence.ts';
import { presenceSection } from './presence/presence-section.ts';
import type { PresenceState } from './presence/user-presence.ts';
import { roomsSection } from './rooms-section.ts';
import { SentMembers } from './sent-members.ts';
import type { SyncSources, ToDeviceBatch } from './sources.ts';
import { MOST_HELD } from './state-delta.ts';
import { catchUpBytes, initialSyncBytes, SMALL_BYTES } from './sync-cost.ts';
import type { SyncFilter } from './sync-filter.ts';
import type { Typing } from './typing.ts';
import { isAhead, type LateState, type StateName, type SyncWindow, userLogMoved } from './window.ts';

export interface SyncRequest {
  readonly view: ClientView;
  readonly since: LogToken | undefined;
  readonly filter: SyncFilter;
  readonly fullState: boolean;
  readonly stateName: StateName;
  /** How long to wait for something to happen, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /**
   * Gets the state of large rooms that the caller writes as it comes, into the `events` that the answer has empty; without it
   * all state is in the answer.
   */
  readonly late?: LateState;
  /** How the client wants its user to appear; `online` unless given. */
  readonly setPresence?: PresenceState | undefined;
}

/** However long a client wants to wait, a proxy in between does not. */
const LONGEST_WAIT_MS = 120_000;

/** `GET /sync`, from the two logs. */
export class Sync {
  readonly #parts: RoomsParts;
  readonly #sources: SyncSources;
  readonly #notifier: Notifier;
  readonly #typing: Typing;
  readonly #presence: Presence | undefined;
  readonly #lazyMembers: SentMembers;
  readonly #logs: LogView;
  readonly #admission: Admission | undefined;

  constructor(parts: {
    readonly rooms: RoomsParts;
    readonly logs: LogView;
    readonly sources: SyncSources;
    readonly notifier: Notifier;
    readonly typing: Typing;
    /** Undefined where it is switched off. */
    readonly presence?: Presence | undefined;
    /** Without it initial syncs are bounded by nothing. */
    readonly admission?: Admission;
  }) {
    this.#parts = parts.rooms;
    this.#sources = parts.sources;
    this.#notifier = parts.notifier;
    this.#typing = parts.typing;
    this.#presence = parts.presence;
    this.#lazyMembers = new SentMembers(parts.rooms.budget, { name: 'lazy_members', weight: 60 });
    this.#admission = parts.admission;
    this.#logs = parts.logs;
  }

  /** Answers as soon as there is something new since `since`, or when the time is up. */
  async answer(request: SyncRequest): Promise<JsonObject> {
    using _permit = await this.#admit(request);
    using ticket = this.#notifier.take(request.view.userNid);
    const { view, since } = request;
    using _ = await this.#presence?.syncing(view.userNid, view.deviceId ?? '', request.setPresence ?? 'online');
    if (since !== undefined && view.deviceId !== undefined) {
      this.#logs.devices.note(view, since.shards);
      await this.#sources.acknowledgeToDevice(view.userNid, view.deviceId, since.user);
    }
    const clock = this.#parts.clock;
    const end = clock.monotonic() + Math.min(request.timeoutMs, LONGEST_WAIT_MS);
    for (;;) {
      const looked = await this.#once(request);
      if (looked === undefined) return this.answer({ ...request, since: undefined });
      const { json, isNews } = looked;
      const left = end - clock.monotonic();
      const isAnswer = isNews || since === undefined || request.fullState || left <= 0;
      if (isAnswer || (await ticket.wait(left, request.signal)) === 'aborted') {
        // Sent away for want of memory: an answer without news would bring the client back at once.
        if (!isAnswer && request.signal.reason instanceof BudgetFullError) throw request.signal.reason;
        return { ...json, ...(await this.#keyCounts(view)) };
      }
    }
  }

  /** Initial syncs side by side, as far as memory reaches. @throws BudgetFullError */
  async #admit({ view, since, fullState, filter, signal, late }: SyncRequest): Promise<Disposable | undefined> {
    if (this.#admission === undefined || (since !== undefined && !fullState)) return undefined;
    const mostHeld = since === undefined && late !== undefined ? MOST_HELD : undefined;
    const bytes = await initialSyncBytes(this.#parts.db, view.userNid, filter, mostHeld);
    // Who has just signed up begins as long as anybody is answered at all.
    return this.#admission.admit(bytes <= SMALL_BYTES ? 'answer' : 'initial_sync', bytes, signal);
  }

  /** A client that was away for long gets as much as one that begins. @throws BudgetFullError */
  async #admitCatchUp({ view, since, filter, signal }: SyncRequest, now: LogToken): Promise<Disposable | undefined> {
    if (this.#admission === undefined || since === undefined) return undefined;
    const bytes = await catchUpBytes(this.#parts.db, view.userNid, filter, { since, now });
    return bytes === undefined ? undefined : this.#admission.admit('answer', bytes, signal);
  }

  /** Undefined where the client's token tells of more than there is: it lacks what came in the place of that, and begins anew. */
  async #once(request: SyncRequest): Promise<{ json: JsonObject; isNews: boolean } | undefined> {
    const db = this.#parts.db;
    const { view, since } = request;
    const now = await this.#logs.now(view.userNid, since);
    if (since !== undefined && isAhead(since, now)) return undefined;
    if (since !== undefined && !request.fullState && this.#logs.isQuiet(since, now)) {
      return { json: { next_batch: formatLogToken(now) }, isNews: false };
    }
    using _permit = await this.#admitCatchUp(request, now);
    const ignored = await this.#sources.ignoredUsers(db, view.userNid, now.user);
    const window: SyncWindow = {
      parts: this.#parts,
      sources: this.#sources,
      typing: this.#typing,
      lazyMembers: this.#lazyMembers,
      reads: this.#logs.reads,
      view: { ...view, ignored },
      since,
      now,
      filter: request.filter,
      busyRooms: since === undefined ? undefined : this.#logs.roomsBetween(since.shards, now.shards),
      fullState: request.fullState,
      stateName: request.stateName,
      late: request.late,
      ignored,
    };
    const messages = await this.#toDevice(window);
    const section = await roomsSection(window);
    const accountData = await this.#accountData(window);
    const lists = since === undefined ? { changed: [], left: [] } : await deviceListChanges(window, section);
    const presence = this.#presence === undefined ? [] : await presenceSection(this.#presence, window, section);
    const isNews =
      presence.length > 0 ||
      messages.events.length > 0 ||
      accountData.length > 0 ||
      lists.changed.length > 0 ||
      lists.left.length > 0 ||
      Object.keys(section.json).length > 0;
    const json: JsonObject = {
      // When not all to-device messages fit, the client comes back for the rest.
      next_batch: formatLogToken({ ...now, user: Math.min(now.user, messages.upTo) }),
      ...(presence.length > 0 ? { presence: { events: presence } } : {}),
      ...(accountData.length > 0 ? { account_data: { events: accountData } } : {}),
      ...(Object.keys(section.json).length > 0 ? { rooms: section.json } : {}),
      ...(lists.changed.length + lists.left.length > 0
        ? { device_lists: { changed: lists.changed, left: lists.left } }
        : {}),
      ...(messages.events.length > 0 ? { to_device: { events: [...messages.events] } } : {}),
    };
    return { json, isNews };
  }

  async #toDevice(window: SyncWindow): Promise<ToDeviceBatch> {
    const { view, since, now, sources, parts } = window;
    if (view.deviceId === undefined || !userLogMoved(window)) return { events: [], upTo: now.user };
    return sources.toDevice(parts.db, view.userNid, view.deviceId, since?.user ?? 0, now.user);
  }

  async #accountData(window: SyncWindow): Promise<JsonObject[]> {
    if (!userLogMoved(window)) return [];
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

  /** Apart: they are no news, and only an answer needs them. */
  async #keyCounts({ userNid, deviceId }: ClientView): Promise<JsonObject> {
    if (deviceId === undefined) return {};
    const { db } = this.#parts;
    return {
      device_one_time_keys_count: await this.#sources.oneTimeKeyCounts(db, userNid, deviceId),
      device_unused_fallback_key_types: [...(await this.#sources.unusedFallbackKeyTypes(db, userNid, deviceId))],
    };
  }
}
