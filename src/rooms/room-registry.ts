import type { Budget } from '../base/budget.ts';
import { ByteCache } from '../base/byte-cache.ts';
import type { Bus } from '../bus/bus.ts';
import type { RoomId } from '../core/ids.ts';
import { MatrixError, notFound } from '../core/matrix-error.ts';
import { type RoomVersion, roomVersion } from '../core/room-versions.ts';
import type { Queryable, Tx } from '../db/database.ts';
import type { Room } from './room.ts';
import { hasRemains } from './room-remains.table.ts';
import {
  findRooms,
  findRoomsByNid,
  insertRoom,
  insertRoomIfNew,
  type RoomRow,
  setUnprovenVersion,
} from './rooms.table.ts';
import { shardOf } from './shards.ts';

/** The bus subject on which a room is told that was deleted or has another version, as JSON. */
const ROOM_CHANGED = 'rooms.room';

/** What is told of it. */
type Named = Pick<Room, 'nid' | 'roomId'>;

/** Which rooms there are. What is said about a room here hardly ever changes, so it is cached. */
export class RoomRegistry {
  readonly #byId: ByteCache<Room>;
  readonly #byNid: ByteCache<Room>;
  readonly #bus: Bus;
  /** Counts what was forgotten: a read that began before must not bring it back. */
  #generation = 0;

  constructor(budget: Budget, bus: Bus) {
    this.#bus = bus;
    this.#byId = new ByteCache({ name: 'rooms', budget, weight: 15, sizeOf: () => 200 });
    this.#byNid = new ByteCache({ name: 'room_nids', budget, weight: 15, sizeOf: () => 200 });
    bus.subscribe(ROOM_CHANGED, message => this.#drop(JSON.parse(message) as Named));
    bus.missed(() => this.#dropAll());
  }

  /** Undefined when this server knows nothing of the room. */
  async find(db: Queryable, roomId: RoomId): Promise<Room | undefined> {
    const cached = this.#byId.get(roomId);
    if (cached !== undefined) return cached;
    const generation = this.#generation;
    const [row] = await findRooms(db, [roomId]);
    return row === undefined ? undefined : this.#fromRow(db, row, generation);
  }

  /** @throws MatrixError M_NOT_FOUND */
  async get(db: Queryable, roomId: RoomId): Promise<Room> {
    const room = await this.find(db, roomId);
    if (room === undefined) throw notFound('This server does not know that room.');
    return room;
  }

  async byNids(db: Queryable, nids: Iterable<number>): Promise<Map<number, Room>> {
    const found = new Map<number, Room>();
    const missing: number[] = [];
    for (const nid of nids) {
      const cached = this.#byNid.get(String(nid));
      if (cached === undefined) missing.push(nid);
      else found.set(nid, cached);
    }
    if (missing.length === 0) return found;
    const generation = this.#generation;
    for (const row of await findRoomsByNid(db, missing)) found.set(row.nid, this.#fromRow(db, row, generation));
    return found;
  }

  async create(tx: Tx, roomId: RoomId, version: RoomVersion): Promise<Room> {
    const shard = shardOf(roomId);
    const nid = await insertRoom(tx, { room_id: roomId, version: version.id, shard });
    return { nid, roomId, version, shard };
  }

  /**
   * The room as it is known already, else made with this version. A room that we have only been told of takes it too:
   * whoever told us may have told the wrong one. @throws MatrixError M_INCOMPATIBLE_ROOM_VERSION when we
   * know better, M_LIMIT_EXCEEDED while the room is being deleted here
   */
  async findOrCreate(tx: Tx, roomId: RoomId, version: RoomVersion): Promise<Room> {
    const known = await this.find(tx, roomId);
    if (known !== undefined) return known.version.id === version.id ? known : this.#changed(tx, known, version);
    if (await hasRemains(tx, roomId)) throw beingDeleted();
    const shard = shardOf(roomId);
    const nid = await insertRoomIfNew(tx, { room_id: roomId, version: version.id, shard });
    return nid === undefined ? this.get(tx, roomId) : { nid, roomId, version, shard };
  }

  async #changed(tx: Tx, room: Room, version: RoomVersion): Promise<Room> {
    if (!(await setUnprovenVersion(tx, room.nid, version.id)))
      throw new MatrixError('M_INCOMPATIBLE_ROOM_VERSION', `The room is of version ${room.version.id}.`, {
        fields: { room_version: room.version.id },
      });
    this.forgetAtCommit(tx, room);
    return { ...room, version };
  }

  /** The room is deleted or changed, which is seen here at once and elsewhere over the bus, at the commit. */
  forgetAtCommit(tx: Tx, { nid, roomId }: Named): void {
    tx.afterCommit(() => {
      this.#drop({ nid, roomId });
      this.#bus.publish(ROOM_CHANGED, JSON.stringify({ nid, roomId }));
    });
  }

  #drop({ nid, roomId }: Named): void {
    this.#generation++;
    this.#byId.delete(roomId);
    this.#byNid.delete(String(nid));
  }

  #dropAll(): void {
    this.#generation++;
    this.#byId.clear();
    this.#byNid.clear();
  }

  #fromRow(db: Queryable, row: RoomRow, generation: number): Room {
    const version = roomVersion(row.version);
    if (version === undefined) throw new Error(`room ${row.room_id} is stored with an unknown version ${row.version}`);
    const room: Room = { nid: row.nid, roomId: row.room_id, version, shard: row.shard };
    if (!('isTransaction' in db) && generation === this.#generation) {
      this.#byId.set(room.roomId, room);
      this.#byNid.set(String(room.nid), room);
    }
    return room;
  }
}

function beingDeleted(): MatrixError {
  return new MatrixError('M_LIMIT_EXCEEDED', 'This server is still deleting that room. Try again in some minutes.', {
    fields: { retry_after_ms: 60_000 },
  });
}
