import type { RoomId } from '../core/ids.ts';
import { getArray, getObject, type JsonObject } from '../core/json.ts';
import { clientEvents } from '../rooms/client-event.ts';
import { isListed } from '../rooms/directory.ts';
import type { ClientView } from '../rooms/event-format.ts';
import { type LogToken, parseLogToken } from '../rooms/log-token.ts';
import { getMember } from '../rooms/members.table.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import { unseen } from '../rooms/sender-members.ts';
import type { Sync } from './sync.ts';
import { compileSyncFilter } from './sync-filter.ts';

/** Who looks, and until when. */
interface Looking {
  readonly view: Pick<ClientView, 'userId' | 'userNid'>;
  readonly signal: AbortSignal;
}

export interface InitialQuery extends Looking {
  /** Messages in each room. */
  readonly limit: number;
  /** Whether rooms are shown that the user has left. */
  readonly archived: boolean;
}

export interface StreamQuery extends Looking {
  /** A token of an earlier answer. Undefined: from now on. */
  readonly from: string | undefined;
  readonly timeoutMs: number;
}

const MOST_NEWS = 100;
const NO_ROOMS = { room: { rooms: [] } };

/**
 * What clients had before `/sync` (client-server API, `GET /initialSync` and `GET /events`, deprecated): syncs in another
 * form. They are asked without a device, whose messages must not count as received.
 */
export class EventStream {
  readonly #sync: Sync;
  readonly #rooms: RoomsParts;

  constructor({ sync, rooms }: { readonly sync: Sync; readonly rooms: RoomsParts }) {
    this.#sync = sync;
    this.#rooms = rooms;
  }

  /** The user's rooms as they are, with `end` for `after`. */
  async initial({ limit, archived, ...looking }: InitialQuery): Promise<JsonObject> {
    const filter = { room: { timeline: { limit }, include_leave: archived } };
    const synced = await this.#ask(looking, undefined, filter, 0);
    const end = String(synced.next_batch);
    const { join, invite, leave } = sections(synced);
    const rooms: JsonObject[] = [];
    for (const [roomId, block] of join) rooms.push(await this.#room(looking, roomId as RoomId, block, end));
    for (const [roomId] of invite) rooms.push(await this.#invite(looking, roomId as RoomId));
    for (const [roomId, block] of leave) rooms.push(await this.#room(looking, roomId as RoomId, block, end));
    return { end, presence: eventsIn(synced, 'presence'), account_data: eventsIn(synced, 'account_data'), rooms };
  }

  /** What happens in the rooms of the user, as soon as something does. @throws MatrixError M_INVALID_PARAM */
  async after({ from, timeoutMs, ...looking }: StreamQuery): Promise<JsonObject> {
    const start = from ?? String((await this.#ask(looking, undefined, NO_ROOMS, 0)).next_batch);
    const filter = { room: { timeline: { limit: MOST_NEWS } } };
    const synced = await this.#ask(looking, parseLogToken(start), filter, timeoutMs);
    const { join, invite, leave } = sections(synced);
    const chunk = eventsIn(synced, 'presence');
    for (const [roomId, block] of [...leave, ...join])
      for (const part of ['state', 'timeline', 'ephemeral'])
        for (const event of eventsIn(block, part)) chunk.push({ ...event, room_id: roomId });
    for (const [roomId] of invite) {
      const { invite: event } = await this.#invite(looking, roomId as RoomId);
      if (event !== undefined) chunk.push(event as JsonObject);
    }
    return { start, end: synced.next_batch ?? start, chunk };
  }

  #ask({ view, signal }: Looking, since: LogToken | undefined, filter: JsonObject, timeoutMs: number) {
    return this.#sync.answer({
      view: { ...view, deviceId: undefined },
      since,
      filter: compileSyncFilter(filter),
      fullState: false,
      stateName: since === undefined ? 'state_after' : 'state',
      timeoutMs,
      signal,
    });
  }

  async #room({ view }: Looking, roomId: RoomId, block: JsonObject, end: string): Promise<JsonObject> {
    const room = await this.#rooms.rooms.get(this.#rooms.db, roomId);
    const { prev_batch: start } = getObject(block, 'timeline') ?? {};
    const withRoom = (events: readonly JsonObject[]): JsonObject[] =>
      events.map(event => ({ ...event, room_id: roomId }));
    const state = withRoom(eventsIn(block, 'state_after'));
    const own = state.find(event => event.type === 'm.room.member' && event.state_key === view.userId);
    return {
      room_id: roomId,
      membership: getObject(own ?? {}, 'content')?.membership ?? 'leave',
      visibility: (await isListed(this.#rooms.db, room)) ? 'public' : 'private',
      messages: { ...(start !== undefined && { start }), end, chunk: withRoom(eventsIn(block, 'timeline')) },
      state,
      account_data: eventsIn(block, 'account_data'),
    };
  }

  async #invite({ view }: Looking, roomId: RoomId): Promise<JsonObject> {
    const { db, rooms, events } = this.#rooms;
    const room = await rooms.get(db, roomId);
    const row = await getMember(db, room.nid, view.userNid);
    const stored = row === undefined ? undefined : await events.byNid(db, row.event_nid);
    const shown = stored === undefined ? [] : unseen([stored]);
    const [invite] = await clientEvents(this.#rooms, db, room, { ...view, deviceId: undefined }, shown);
    return { room_id: roomId, membership: 'invite', ...(invite !== undefined && { invite }) };
  }
}

type Blocks = readonly (readonly [string, JsonObject])[];

function sections(synced: JsonObject): { readonly join: Blocks; readonly invite: Blocks; readonly leave: Blocks } {
  const rooms = getObject(synced, 'rooms') ?? {};
  const of = (kind: string) => Object.entries(getObject(rooms, kind) ?? {}) as [string, JsonObject][];
  return { join: of('join'), invite: of('invite'), leave: of('leave') };
}

function eventsIn(block: JsonObject, part: string): JsonObject[] {
  return [...(getArray(getObject(block, part) ?? {}, 'events') ?? [])] as JsonObject[];
}
