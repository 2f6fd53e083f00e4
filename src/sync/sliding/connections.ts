import type { Budget } from '../../base/budget.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type Random, randomLetters } from '../../base/random.ts';
import { type Database, DatabaseUnavailableError } from '../../db/database.ts';
import {
  type ConnectionKey,
  deleteOtherPositions,
  findPosition,
  insertPosition,
  keepNewestConnections,
  type PositionRow,
  touchPosition,
} from './connection.table.ts';
import { type KnownRoom, readRooms, writeRooms } from './connection-state.ts';
import { unknownPosition } from './position.ts';

export interface ConnectionsParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly budget: Budget;
}

const NAME_LETTERS = 8;
/** Of one device; clients have two or three. */
const MOST_CONNECTIONS = 20;
/** What a connection knows takes a few bytes for each room: who needs more than this asks to be forgotten. */
const LARGEST_STATE = 512 * 1024;
const NO_ROOMS = writeRooms(new Map());
const DAY_MS = 86_400_000;

/**
 * What clients know, under names. Each is a row of the database that is written once and read for as long as the client
 * is there: a name is new only when a client is told of a room for the first time, or wants more of it than before, and
 * not when it is told what happened in rooms that it knows. So it costs a chat nothing, and outlives the process.
 */
export class Connections {
  readonly #parts: ConnectionsParts;
  /** By connection: the positions that its client may come with. */
  readonly #positions: ByteCache<readonly PositionRow[]>;

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
    this.#positions = new ByteCache({
      name: 'sliding_positions',
      budget: parts.budget,
      weight: 40,
      sizeOf: rows => rows.reduce((sum, row) => sum + row.state.length + 120, 0),
    });
  }

  /** What the client knew at a position. @throws MatrixError M_UNKNOWN_POS */
  async known(key: ConnectionKey, name: string): Promise<ReadonlyMap<number, KnownRoom>> {
    const row = await this.#row(key, name);
    if (row === undefined) throw unknownPosition();
    return readRooms(row.state);
  }

  /** Whether the client knows any room at a position. @throws MatrixError M_UNKNOWN_POS */
  async knowsRooms(key: ConnectionKey, name: string): Promise<boolean> {
    const row = await this.#row(key, name);
    if (row === undefined) throw unknownPosition();
    return row.state !== NO_ROOMS;
  }

  /**
   * Keeps what the client knows after an answer, and answers its name. `before`: the position that the client is at,
   * which it may come with again; undefined at the beginning of a connection, which ends the one of that name before.
   */
  async keep(key: ConnectionKey, before: string | undefined, rooms: ReadonlyMap<number, KnownRoom>): Promise<string> {
    const { clock, random } = this.#parts;
    const name = randomLetters(random, NAME_LETTERS);
    const row: PositionRow = { name, state: writeRooms(rooms), used_ts: clock.now() };
    // Under a name that nobody knows: the client starts anew.
    if (row.state.length > LARGEST_STATE) return name;
    const id = cacheKey(key);
    const kept = (this.#positions.get(id) ?? []).filter(other => other.name === before);
    await this.#write(key, before, row);
    this.#positions.set(id, [...kept, row]);
    return name;
  }

  /** When the disk is full syncing goes on: the client starts anew once the process has forgotten what it knows. */
  async #write(key: ConnectionKey, before: string | undefined, row: PositionRow): Promise<void> {
    try {
      await this.#parts.db.tx(async tx => {
        await deleteOtherPositions(tx, key, before ?? '');
        await insertPosition(tx, key, row);
        if (before === undefined) await keepNewestConnections(tx, key, MOST_CONNECTIONS);
      });
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError)) throw error;
      this.#parts.log.warn('What a client of sliding sync knows is kept in memory only for now.', { err: error });
    }
  }

  async #row(key: ConnectionKey, name: string): Promise<PositionRow | undefined> {
    const id = cacheKey(key);
    const cached = this.#positions.get(id) ?? [];
    const row = cached.find(other => other.name === name) ?? (await findPosition(this.#parts.db, key, name));
    if (row === undefined) return undefined;
    const fresh = await this.#touched(key, row);
    if (fresh !== cached.find(other => other.name === name))
      this.#positions.set(id, [...cached.filter(other => other.name !== name).slice(-1), fresh]);
    return fresh;
  }

  /** Rows that are used stay, at the cost of one write a day. */
  async #touched(key: ConnectionKey, row: PositionRow): Promise<PositionRow> {
    const now = this.#parts.clock.now();
    if (now - row.used_ts < DAY_MS) return row;
    try {
      await this.#parts.db.tx(tx => touchPosition(tx, key, row.name, now));
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError)) throw error;
    }
    return { ...row, used_ts: now };
  }
}

function cacheKey({ userNid, deviceId, connId }: ConnectionKey): string {
  return JSON.stringify([userNid, deviceId, connId]);
}
