import {
  isRoomId,
  isServerName,
  parseRoomAlias,
  type RoomAlias,
  type RoomId,
  type ServerName,
} from '../../core/ids.ts';
import { getArray, getInteger, getObject, getOwn, getString, type JsonObject } from '../../core/json.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import type { RemoteDirectory } from '../../rooms/ports.ts';
import { path } from '../transport/request-target.ts';
import { type QueryClient, senseless } from './query-client.ts';
import { describedRoom } from './room-chunk.ts';

/** An alias of a room with thousands of servers names them all. */
const MOST_ALIAS_BYTES = 1024 * 1024;
/** More ways into a room than anybody tries. */
const MOST_SERVERS = 50;
const MOST_DIRECTORY_BYTES = 4 * 1024 * 1024;
const MOST_ROOMS = 500;
const LONGEST_TOKEN = 1024;

/** Directories of other servers: aliases and published rooms (server-server API, "Querying for information"). */
export class FederatedDirectory implements RemoteDirectory {
  readonly #queries: QueryClient;

  constructor(queries: QueryClient) {
    this.#queries = queries;
  }

  async resolveAlias(alias: RoomAlias): Promise<{ roomId: RoomId; servers: readonly ServerName[] } | undefined> {
    const server = parseRoomAlias(alias)?.domain;
    if (server === undefined) return undefined;
    const query = { room_alias: alias };
    const question = { method: 'GET', path: path`/_matrix/federation/v1/query/directory`, query } as const;
    const answer = await this.#queries.ask(server, { ...question, maxBytes: MOST_ALIAS_BYTES }).catch(error => {
      if (error instanceof MatrixError && error.errcode === 'M_NOT_FOUND') return undefined;
      throw error;
    });
    if (answer === undefined) return undefined;
    const roomId = getString(answer, 'room_id');
    if (roomId === undefined || !isRoomId(roomId)) throw senseless(server);
    return { roomId, servers: serversIn(answer) };
  }

  async publicRooms(server: ServerName, body: JsonObject): Promise<JsonObject> {
    const limit = Math.min(getInteger(body, 'limit') || MOST_ROOMS, MOST_ROOMS);
    const question = { path: path`/_matrix/federation/v1/publicRooms`, maxBytes: MOST_DIRECTORY_BYTES };
    const answer = await this.#queries.ask(server, { ...question, ...askedOf(body, limit) });
    const chunk = getArray(answer, 'chunk');
    if (chunk === undefined) throw senseless(server);
    return {
      chunk: chunk.slice(0, limit).flatMap(entry => describedRoom(entry)?.chunk ?? []),
      ...figures(answer),
    };
  }
}

function serversIn(answer: JsonObject): ServerName[] {
  const named = (getArray(answer, 'servers') ?? []).filter(
    (name): name is ServerName => typeof name === 'string' && isServerName(name),
  );
  return [...new Set(named)].slice(0, MOST_SERVERS);
}

/** Without a filter in the form of the older `GET`, which everybody has. */
function askedOf(body: JsonObject, limit: number) {
  const asked: Record<string, string | number | boolean> = { limit };
  for (const key of ['since', 'include_all_networks', 'third_party_instance_id']) {
    const value = getOwn(body, key);
    if (typeof value === 'string' || typeof value === 'boolean') asked[key] = value;
  }
  const filter = getObject(body, 'filter');
  if (filter === undefined) return { method: 'GET', query: asked } as const;
  return { method: 'POST', body: { ...asked, filter } } as const;
}

function figures(answer: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const key of ['next_batch', 'prev_batch']) {
    const token = getString(answer, key);
    if (token !== undefined && token.length <= LONGEST_TOKEN) out[key] = token;
  }
  const total = getInteger(answer, 'total_room_count_estimate');
  if (total !== undefined && total >= 0) out.total_room_count_estimate = total;
  return out;
}
