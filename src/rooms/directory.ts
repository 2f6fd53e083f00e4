import { getString, type JsonObject } from '../core/json.ts';
import { forbidden, invalidParam } from '../core/matrix-error.ts';
import type { Queryable } from '../db/database.ts';
import type { AliasUser } from './aliases.ts';
import type { DirectoryScope } from './directory-scope.ts';
import type { RoomsParts } from './parts.ts';
import { maySendState } from './power.ts';
import { describeRooms, type PublicRoom } from './public-room-chunk.ts';
import type { Room } from './room.ts';
import {
  countPublicRooms,
  type DirectoryPlace,
  isPublic,
  type PublicRoomRow,
  publicRooms,
  setPublic,
} from './rooms.table.ts';
import { writeRoom } from './write-room.ts';

export interface DirectoryQuery {
  readonly limit: number;
  /** `next_batch` or `prev_batch` of an answer before. */
  readonly since?: string | undefined;
  readonly searchTerm?: string | undefined;
  /** Wanted types; null stands for rooms without one. Undefined: all. */
  readonly roomTypes?: readonly (string | null)[] | undefined;
  /** Which list is wanted: this server's own unless said. */
  readonly scope?: DirectoryScope;
}

/** Rooms that a search looks at for one page; it goes on with the next page. */
const MOST_LOOKED_AT = 5000;
const BATCH = 100;

/**
 * Lists a room in the directory or takes it out. Whoever may change the room's canonical alias decides, and the
 * administrators of the server.
 *
 * @throws MatrixError M_FORBIDDEN
 */
export async function setRoomPublic(parts: RoomsParts, user: AliasUser, room: Room, isPublic: boolean): Promise<void> {
  await writeRoom(parts, room, async tx => {
    const mayChange = user.isAdmin || (await maySendState(parts, tx, room, user.userId, 'm.room.canonical_alias'));
    if (!mayChange) throw forbidden('Only those who may change the main alias of the room can list it.');
    await setPublic(tx, room.nid, isPublic);
  });
}

/** Whether a room is listed. */
export function isListed(db: Queryable, room: Room): Promise<boolean> {
  return isPublic(db, room.nid);
}

/** A page of this server's room directory (client-server API, `POST /publicRooms`). @throws MatrixError M_INVALID_PARAM */
export async function roomDirectory(parts: RoomsParts, db: Queryable, query: DirectoryQuery): Promise<JsonObject> {
  const since = query.since === undefined ? undefined : parsePlace(query.since);
  const { found, next } = await collect(parts, db, query, since);
  if (since?.direction === 'backward') found.reverse();
  return {
    chunk: found.map(({ chunk }) => chunk),
    ...(isUnfiltered(query) ? { total_room_count_estimate: await countPublicRooms(db) } : {}),
    ...tokens(since, next, found),
  };
}

/** What to give as `since` for the pages around this one. */
function tokens(
  since: DirectoryPlace | undefined,
  next: DirectoryPlace | undefined,
  found: readonly PublicRoom[],
): JsonObject {
  const [first, last] = [found.at(0), found.at(-1)];
  const out: JsonObject = {};
  if (since?.direction === 'backward') {
    // The page that this one was asked from lies behind it.
    out.next_batch = formatPlace(
      last === undefined ? { ...since, nid: since.nid - 1, direction: 'forward' } : after(last),
    );
    if (next !== undefined) out.prev_batch = formatPlace(next);
    return out;
  }
  if (next !== undefined) out.next_batch = formatPlace(next);
  if (since !== undefined && first !== undefined)
    out.prev_batch = formatPlace({ ...after(first), direction: 'backward' });
  return out;
}

async function collect(
  parts: RoomsParts,
  db: Queryable,
  query: DirectoryQuery,
  since: DirectoryPlace | undefined,
): Promise<{ found: PublicRoom[]; next: DirectoryPlace | undefined }> {
  const direction = since?.direction ?? 'forward';
  const found: PublicRoom[] = [];
  let place = since;
  for (let seen = 0; seen < MOST_LOOKED_AT; ) {
    const rows = await publicRooms(db, query.scope ?? 'own', place, BATCH);
    for (const one of await describe(parts, db, rows)) {
      if (!isShown(one) || !matches(one, query)) continue;
      if (found.length === query.limit) {
        // There is one more: the page ends behind the last one that is on it.
        const last = found.at(-1);
        return { found, next: last === undefined ? place : { ...after(last), direction } };
      }
      found.push(one);
    }
    const row = rows.at(-1);
    if (row === undefined || rows.length < BATCH) return { found, next: undefined };
    seen += rows.length;
    place = { joined: row.joined_count, nid: row.nid, direction };
  }
  return { found, next: place };
}

async function describe(parts: RoomsParts, db: Queryable, rows: readonly PublicRoomRow[]): Promise<PublicRoom[]> {
  const rooms = await parts.rooms.byNids(
    db,
    rows.map(row => row.nid),
  );
  const figures = rows.flatMap(row => {
    const room = rooms.get(row.nid);
    return room === undefined ? [] : [{ room, root: row.state_root, joined: row.joined_count }];
  });
  return describeRooms(parts, db, figures);
}

const OPEN: ReadonlySet<string> = new Set(['public', 'knock', 'knock_restricted', 'restricted']);

/** A listed room that nobody can get into or look at stays out of the answer. */
function isShown({ joinRule, worldReadable }: PublicRoom): boolean {
  return OPEN.has(joinRule) || worldReadable;
}

function isUnfiltered({ searchTerm, roomTypes, scope = 'own' }: DirectoryQuery): boolean {
  return scope === 'own' && (searchTerm === undefined || searchTerm === '') && roomTypes === undefined;
}

function matches({ chunk, roomType }: PublicRoom, { searchTerm, roomTypes }: DirectoryQuery): boolean {
  if (roomTypes !== undefined && !roomTypes.includes(roomType ?? null)) return false;
  if (searchTerm === undefined || searchTerm === '') return true;
  const wanted = fold(searchTerm);
  return ['name', 'topic', 'canonical_alias', 'room_id'].some(key =>
    fold(getString(chunk, key) ?? '').includes(wanted),
  );
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

function after({ figures }: PublicRoom): DirectoryPlace {
  return { joined: figures.joined, nid: figures.room.nid, direction: 'forward' };
}

function formatPlace(place: DirectoryPlace): string {
  return `${place.direction === 'backward' ? 'p' : 'n'}${place.joined}_${place.nid}`;
}

function parsePlace(text: string): DirectoryPlace {
  const [, letter, joined, nid] = /^([np])(\d{1,15})_(\d{1,15})$/.exec(text) ?? [];
  if (letter === undefined) throw invalidParam('That is not a page of this directory.');
  return { joined: Number(joined), nid: Number(nid), direction: letter === 'p' ? 'backward' : 'forward' };
}
