import type { Budget } from '../../base/budget.ts';
import type { Clock } from '../../base/clock.ts';
import { domainOfId, isRoomId, isServerName, isUserId, type RoomId, type ServerName } from '../../core/ids.ts';
import { getArray, getInteger, getObject, getString, isObject, type Json, type JsonObject } from '../../core/json.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import { inOrder, spaceChild } from '../../rooms/hierarchy.ts';
import type { RemoteRooms, RemoteSummary, RoomSummary, SpaceChild } from '../../rooms/ports.ts';
import { path } from '../transport/request-target.ts';
import { type QueryClient, senseless } from './query-client.ts';
import { describedRoom, summaryFields } from './room-chunk.ts';
import { ShortMemory } from './short-memory.ts';

export interface FederatedRoomsParts {
  readonly queries: QueryClient;
  readonly clock: Clock;
  readonly budget: Budget;
  readonly serverName: ServerName;
}

const LIFETIME_MS = 5 * 60_000;
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_CHILDREN = 2000;
/** Of those that are said to know a room. Each may take as long as a question may. */
const MOST_ASKED = 3;
const LONGEST_CONTENT_BYTES = 16 * 1024;

/** Rooms and spaces that only other servers are in (server-server API, `GET /hierarchy/{roomId}`). */
export class FederatedRooms implements RemoteRooms {
  readonly #parts: FederatedRoomsParts;
  readonly #memory: ShortMemory<{ readonly summary: RemoteSummary; readonly bytes: number }>;

  constructor(parts: FederatedRoomsParts) {
    this.#parts = parts;
    const { budget, clock } = parts;
    this.#memory = new ShortMemory({
      name: 'remote_rooms',
      budget,
      clock,
      weight: 30,
      lifetimeMs: LIFETIME_MS,
      sizeOf: ({ bytes }) => bytes,
      // Who comes into a space may see its rooms at once: that a server does not show one is not remembered.
      keeps: ({ status }) => status === 502,
    });
  }

  async summary(roomId: RoomId, via: readonly string[]): Promise<RemoteSummary | undefined> {
    for (const server of this.#serversOf(roomId, via)) {
      try {
        // By server: what one says of a room does not stand for what another would.
        return (await this.#memory.get(`${server} ${roomId}`, () => this.#ask(server, roomId))).summary;
      } catch (error) {
        if (!(error instanceof MatrixError)) throw error;
      }
    }
    return undefined;
  }

  #serversOf(roomId: RoomId, via: readonly string[]): ServerName[] {
    const named = via.filter((name): name is ServerName => isServerName(name) && name !== this.#parts.serverName);
    const own = domainOfId(roomId);
    const servers = named.length > 0 || own === undefined || own === this.#parts.serverName ? named : [own];
    return [...new Set(servers)].slice(0, MOST_ASKED);
  }

  async #ask(server: ServerName, roomId: RoomId): Promise<{ summary: RemoteSummary; bytes: number }> {
    const question = { method: 'GET', path: path`/_matrix/federation/v1/hierarchy/${roomId}` } as const;
    const answer = await this.#parts.queries.ask(server, { ...question, maxBytes: MOST_BYTES });
    const room = getObject(answer, 'room');
    const summary = roomSummary(room);
    if (room === undefined || summary?.roomId !== roomId) throw senseless(server);
    const read = { summary, children: summary.isSpace ? childrenOf(room) : [], told: toldOf(answer, roomId) };
    return { summary: read, bytes: bytesOf(read) };
  }
}

function roomSummary(json: Json | undefined): RoomSummary | undefined {
  const described = describedRoom(json);
  if (described === undefined || !isObject(json)) return undefined;
  const { roomId, chunk, joinRule, worldReadable, roomType } = described;
  const { fields, allowed } = summaryFields(json);
  return { roomId, chunk: { ...chunk, ...fields }, joinRule, worldReadable, allowed, isSpace: roomType === 'm.space' };
}

/** The `m.space.child` events of a space: stripped, with `origin_server_ts`. */
function childrenOf(room: JsonObject): SpaceChild[] {
  const events = (getArray(room, 'children_state') ?? []).slice(0, MOST_CHILDREN);
  return events.flatMap(event => childOf(event) ?? []).sort(inOrder);
}

function childOf(event: Json): SpaceChild | undefined {
  if (!isObject(event) || getString(event, 'type') !== 'm.space.child') return undefined;
  const [stateKey, sender] = [getString(event, 'state_key'), getString(event, 'sender')];
  const [content, ts] = [getObject(event, 'content'), getInteger(event, 'origin_server_ts')];
  if (stateKey === undefined || !isRoomId(stateKey) || sender === undefined || !isUserId(sender)) return undefined;
  if (content === undefined || ts === undefined) return undefined;
  if (JSON.stringify(content).length > LONGEST_CONTENT_BYTES) return undefined;
  return spaceChild({ type: 'm.space.child', state_key: stateKey, sender, content, origin_server_ts: ts });
}

/** What is said of rooms other than the one that was asked for. */
function toldOf(answer: JsonObject, asked: RoomId): Map<RoomId, RoomSummary | undefined> {
  const told = new Map<RoomId, RoomSummary | undefined>();
  for (const id of (getArray(answer, 'inaccessible_children') ?? []).slice(0, MOST_CHILDREN))
    if (typeof id === 'string' && isRoomId(id)) told.set(id, undefined);
  for (const child of (getArray(answer, 'children') ?? []).slice(0, MOST_CHILDREN)) {
    const summary = roomSummary(child);
    if (summary !== undefined) told.set(summary.roomId, summary);
  }
  told.delete(asked);
  return told;
}

function bytesOf({ summary, children, told }: RemoteSummary): number {
  const events = children.map(({ event }) => event);
  const others = [...told.values()].map(each => each?.chunk ?? null);
  return 500 + 3 * JSON.stringify([summary.chunk, events, others]).length;
}
