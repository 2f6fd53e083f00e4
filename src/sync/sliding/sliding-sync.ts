import type { Admission } from '../../base/admission.ts';
import { BudgetFullError } from '../../base/budget-account.ts';
import { getObject, type JsonObject } from '../../core/json.ts';
import type { LogToken } from '../../rooms/log-token.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { privateReceiptsSince } from '../../rooms/receipts.table.ts';
import type { LogView } from '../log-view.ts';
import type { Notifier } from '../notifier.ts';
import type { Presence } from '../presence/presence.ts';
import { busyAmong } from '../rooms-section.ts';
import { SentMembers } from '../sent-members.ts';
import type { SyncSources } from '../sources.ts';
import type { Typing } from '../typing.ts';
import { isAhead, type LogWindow, stretch, userLogMoved } from '../window.ts';
import { BumpStamps } from './bump-stamps.ts';
import type { ConnectionKey } from './connection.table.ts';
import { ConnectionDraft, type KnownRoom } from './connection-state.ts';
import { Connections } from './connections.ts';
import { keyCounts } from './extensions/encryption.ts';
import { extensionsPart, hasExtensionNews } from './extensions/extensions.ts';
import { FilterFacts } from './list-filter.ts';
import { matchRooms } from './matching.ts';
import { formatPosition, parsePosition, type SlidingPosition, unknownPosition } from './position.ts';
import type { SlidingRequest } from './request.ts';
import type { RoomResult } from './room-result.ts';
import { ConfigGrowth, type SlidingContext } from './room-work.ts';
import { goneRooms, leaveBehind, roomsPart } from './rooms-part.ts';
import { addUnread } from './unread.ts';
import { type UserRoom, UserRooms } from './user-rooms.ts';

/** However long a client wants to wait, a proxy in between does not. */
const LONGEST_WAIT_MS = 120_000;

export interface SlidingSyncParts {
  readonly rooms: RoomsParts;
  readonly logs: LogView;
  readonly sources: SyncSources;
  readonly notifier: Notifier;
  readonly typing: Typing;
  /** Undefined where it is switched off. */
  readonly presence?: Presence | undefined;
  /** Without it answers are bounded by nothing but their number of events. */
  readonly admission?: Admission;
}

/** Where the client is. */
interface Standing {
  readonly key: ConnectionKey;
  /** Undefined at the beginning of a connection. */
  readonly position: SlidingPosition | undefined;
  readonly knowsRooms: boolean;
}

/** One look at the logs. */
interface Turn {
  readonly json: JsonObject;
  readonly isNews: boolean;
  readonly now: LogToken;
  readonly isCut: boolean;
  /** What the client will know; undefined: what it knows. */
  readonly known: ReadonlyMap<number, KnownRoom> | undefined;
}

/** Simplified sliding sync (MSC4186), from the same two logs as `/sync`. */
export class SlidingSync {
  readonly #parts: SlidingSyncParts;
  readonly #connections: Connections;
  readonly #lists: UserRooms;
  readonly #members: SentMembers;
  readonly #bumps: BumpStamps;

  constructor(parts: SlidingSyncParts) {
    this.#parts = parts;
    this.#connections = new Connections(parts.rooms);
    this.#lists = new UserRooms(parts.rooms, parts.logs);
    this.#members = new SentMembers(parts.rooms.budget, { name: 'sliding_members', weight: 30 });
    this.#bumps = new BumpStamps(parts.rooms);
  }

  /**
   * Answers as soon as there is something new since `pos`, or when the time is up.
   *
   * @throws MatrixError M_UNKNOWN_POS: the client has to begin anew; BudgetFullError
   */
  async answer(request: SlidingRequest): Promise<JsonObject> {
    const { view, signal } = request;
    const { clock } = this.#parts.rooms;
    const standing = await this.#standing(request);
    using ticket = this.#parts.notifier.take(view.userNid);
    using _ = await this.#parts.presence?.syncing(view.userNid, view.deviceId ?? '', request.setPresence);
    if (standing.position !== undefined) this.#parts.logs.devices.note(view, standing.position.log.shards);
    await this.#acknowledge(request);
    const end = clock.monotonic() + Math.min(request.timeoutMs, LONGEST_WAIT_MS);
    for (;;) {
      const turn = await this.#turn(request, standing);
      const left = end - clock.monotonic();
      const isAnswer = turn.isNews || standing.position === undefined || left <= 0;
      if (isAnswer || (await ticket.wait(left, signal)) === 'aborted') {
        // Sent away for want of memory: an answer without news would bring the client back at once.
        if (!isAnswer && signal.reason instanceof BudgetFullError) throw signal.reason;
        // The client went away, or the server ends. If it comes again it may do so on another connection meanwhile, and
        // what this one writes would be in its way: it is where it was.
        if (signal.aborted && request.pos !== undefined) return { pos: request.pos, rooms: {}, extensions: {} };
        return this.#close(request, standing, turn);
      }
    }
  }

  async #standing({ view, connId, pos }: SlidingRequest): Promise<Standing> {
    const key = { userNid: view.userNid, deviceId: view.deviceId ?? '', connId };
    if (pos === undefined) return { key, position: undefined, knowsRooms: false };
    const position = parsePosition(pos);
    return { key, position, knowsRooms: await this.#connections.knowsRooms(key, position.name) };
  }

  /** Messages to the device that it says it has. */
  async #acknowledge({ view, extensions }: SlidingRequest): Promise<void> {
    const since = extensions.toDevice?.since;
    if (since === undefined || view.deviceId === undefined) return;
    await this.#parts.sources.acknowledgeToDevice(view.userNid, view.deviceId, since);
  }

  async #turn(request: SlidingRequest, standing: Standing): Promise<Turn> {
    const { rooms, logs, sources, typing } = this.#parts;
    const { view, extensions } = request;
    const since = standing.position?.log;
    const now = await logs.now(view.userNid, since);
    if (since !== undefined && isAhead(since, now)) throw unknownPosition();
    const ignored = await sources.ignoredUsers(rooms.db, view.userNid, now.user);
    const window: LogWindow = {
      parts: rooms,
      sources,
      typing,
      reads: logs.reads,
      view: { ...view, ignored },
      since,
      now,
      busyRooms: since === undefined ? undefined : logs.roomsBetween(since.shards, now.shards),
      ignored,
    };
    const hasRooms = standing.knowsRooms || request.lists.size + request.subscriptions.size > 0;
    const isQuiet = since !== undefined && standing.position?.rules === request.rules && logs.isQuiet(since, now);
    if (hasRooms && !isQuiet) return this.#roomsTurn(request, standing, window);
    const told = await extensionsPart(window, extensions, undefined);
    return {
      json: { rooms: {}, extensions: told },
      isNews: hasExtensionNews(told),
      now,
      isCut: false,
      known: undefined,
    };
  }

  async #roomsTurn(request: SlidingRequest, { key, position }: Standing, window: LogWindow): Promise<Turn> {
    const before = position === undefined ? NOTHING_KNOWN : await this.#connections.known(key, position.name);
    const all = await this.#lists.of(window.view.userNid, window.now.shards);
    const ctx = await this.#context(window, key, new ConnectionDraft(before), all);
    const { counts, rooms: matched } = await matchRooms(request, all, ctx.facts, room => isEndUntold(ctx, room));
    const { admission } = this.#parts;
    const { results, stirred, isCut } = await roomsPart(ctx, matched, { admission, signal: request.signal });
    leaveBehind(ctx, all, matched);
    const told = await extensionsPart(window, request.extensions, { ...ctx, matched, stirred, results });
    const rooms = await roomsJson(ctx, all, await addUnread(ctx, stirred, results));
    const lists = Object.fromEntries([...counts].map(([name, count]) => [name, { count }]));
    return {
      json: { lists, rooms, extensions: told },
      isNews: isCut || Object.keys(rooms).length > 0 || hasExtensionNews(told),
      now: window.now,
      isCut,
      known: ctx.draft.isChanged ? knownAfter(ctx, request, all, results) : undefined,
    };
  }

  async #context(
    window: LogWindow,
    { userNid, deviceId, connId }: ConnectionKey,
    draft: ConnectionDraft,
    all: readonly UserRoom[],
  ): Promise<SlidingContext> {
    const { parts, since } = window;
    const isMoved = since !== undefined && userLogMoved(window);
    const receipts = isMoved ? await privateReceiptsSince(parts.db, userNid, since.user) : [];
    const facts = new FilterFacts(window);
    return {
      window,
      draft,
      connection: JSON.stringify([userNid, deviceId, connId]),
      members: this.#members,
      bumps: this.#bumps,
      facts,
      direct: await facts.direct(),
      growth: new ConfigGrowth(),
      busy: await busyAmong(window, all),
      privateReceipts: Map.groupBy(receipts, row => row.room_nid),
    };
  }

  /** Writes down what the client knows with this answer, where that is more than before, and says where it is now. */
  async #close({ extensions, rules }: SlidingRequest, { key, position }: Standing, turn: Turn): Promise<JsonObject> {
    const { json, now, isCut, known } = turn;
    const name =
      position !== undefined && known === undefined
        ? position.name
        : await this.#connections.keep(key, position?.name, known ?? NOTHING_KNOWN);
    const pos = formatPosition({ log: now, name, rules: isCut ? '' : rules });
    const answer = { pos, ...json };
    if (!extensions.e2ee) return answer;
    const window = { parts: this.#parts.rooms, sources: this.#parts.sources, userNid: key.userNid };
    const counts = await keyCounts({ ...window, deviceId: key.deviceId });
    const told = getObject(json, 'extensions') ?? {};
    return { ...answer, extensions: { ...told, e2ee: { ...getObject(told, 'e2ee'), ...counts } } };
  }
}

const NOTHING_KNOWN: ReadonlyMap<number, KnownRoom> = new Map();

/** The client has a room and does not know yet that the user left it. */
function isEndUntold({ window, draft }: SlidingContext, { nid, row }: UserRoom): boolean {
  const known = draft.get(nid);
  return known !== undefined && row.pos > (known.behind ?? stretch(window, row.shard).after);
}

/** Of rooms that the user left nothing is known any more once that was told, unless the client asks for them by name. */
function knownAfter(
  ctx: SlidingContext,
  { subscriptions }: SlidingRequest,
  all: readonly UserRoom[],
  results: ReadonlyMap<number, RoomResult>,
): ReadonlyMap<number, KnownRoom> {
  const kept = all.filter(
    room =>
      room.membership !== 'leave' ||
      room.isTakenOut ||
      subscriptions.has(room.row.room_id) ||
      (isEndUntold(ctx, room) && !results.has(room.nid)),
  );
  const nids = new Set(kept.map(({ nid }) => nid));
  return ctx.draft.rooms(nid => nids.has(nid));
}

async function roomsJson(
  ctx: SlidingContext,
  all: readonly UserRoom[],
  results: ReadonlyMap<number, JsonObject>,
): Promise<JsonObject> {
  const json: JsonObject = {};
  if (results.size > 0)
    for (const { nid, row } of all) {
      const result = results.get(nid);
      if (result !== undefined) json[row.room_id] = result;
    }
  for (const [roomId, result] of await goneRooms(ctx)) json[roomId] = result;
  return json;
}
