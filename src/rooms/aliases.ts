import { parseRoomAlias, type RoomAlias, type RoomId, type UserId } from '../core/ids.ts';
import { forbidden, invalidParam, MatrixError, notFound } from '../core/matrix-error.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { addAlias, aliasesOf, aliasTarget, removeAlias } from './aliases.table.ts';
import { append } from './append.ts';
import { withoutAlias } from './canonical-alias.ts';
import type { RoomsParts } from './parts.ts';
import type { RemoteDirectory } from './ports.ts';
import { maySendState } from './power.ts';
import type { Room } from './room.ts';
import { largestServers } from './room-domains.table.ts';
import { roomHead } from './rooms.table.ts';
import { writeRoom } from './write-room.ts';

/** Where an alias leads, and the servers through which the room can be joined. */
export interface AliasTarget {
  readonly roomId: RoomId;
  readonly servers: readonly string[];
}

/** Who sets or deletes an alias. */
export interface AliasUser {
  readonly userId: UserId;
  readonly userNid: number;
  readonly isAdmin: boolean;
}

/** @throws MatrixError M_INVALID_PARAM */
export function checkedAlias(text: string): RoomAlias {
  if (parseRoomAlias(text) === undefined) throw invalidParam('That is not a room alias.');
  return text as RoomAlias;
}

/**
 * The alias of this server with a localpart that a client chose.
 *
 * @throws MatrixError M_INVALID_PARAM when the localpart is none (client-server API, `room_alias_name`)
 */
export function localAlias(parts: RoomsParts, localpart: string): RoomAlias {
  if (localpart === '' || /[\s:]/u.test(localpart)) {
    throw invalidParam('room_alias_name is the part before the colon, without spaces.');
  }
  return checkedAlias(`#${localpart}:${parts.serverName}`);
}

/** @throws MatrixError M_INVALID_PARAM, M_NOT_FOUND */
export async function resolveAlias(
  parts: RoomsParts,
  text: string,
  remote: RemoteDirectory | undefined,
): Promise<AliasTarget> {
  const alias = checkedAlias(text);
  const target = isOurs(parts, alias) ? await ownTarget(parts, alias) : await remote?.resolveAlias(alias);
  if (target === undefined) throw notFound(`The room alias ${alias} was not found.`);
  return target;
}

/** Servers through which a room can be joined that are told of. */
const MOST_SERVERS = 50;

async function ownTarget(parts: RoomsParts, alias: RoomAlias): Promise<AliasTarget | undefined> {
  const { db, serverName, nids, aliasMaker } = parts;
  let found = await aliasTarget(db, alias);
  if (found === undefined && (await aliasMaker?.offerAlias(alias)) === true) found = await aliasTarget(db, alias);
  if (found === undefined) return undefined;
  const room = await parts.rooms.find(db, found.roomId);
  const largest = room === undefined ? [] : await largestServers(db, room.nid, MOST_SERVERS);
  const names = await nids.domains.names(db, largest);
  const servers = [serverName, ...largest.map(nid => names.get(nid)).filter(name => name !== undefined)];
  return { roomId: found.roomId, servers: [...new Set(servers)] };
}

/** The aliases that this server has for a room. */
export function aliasesOfRoom(db: Queryable, room: Room): Promise<RoomAlias[]> {
  return aliasesOf(db, room.roomId);
}

/**
 * Gives a room that the user is in an alias of this server.
 *
 * @throws MatrixError M_INVALID_PARAM for aliases of other servers, M_UNKNOWN (409) when it is taken
 */
export async function setAlias(parts: RoomsParts, user: AliasUser, text: string, room: Room): Promise<void> {
  const alias = ownAlias(parts, text);
  await writeRoom(parts, room, async tx => {
    if (await addAlias(tx, alias, room.roomId, user.userNid)) return;
    throw new MatrixError('M_UNKNOWN', `The room alias ${alias} exists already.`, { status: 409 });
  });
}

/**
 * Takes an alias away: its creator may, administrators, and whoever could change the room's canonical alias. The
 * canonical alias loses it too where the user has the power for that.
 *
 * @throws MatrixError M_INVALID_PARAM, M_NOT_FOUND, M_FORBIDDEN
 */
export async function deleteAlias(parts: RoomsParts, user: AliasUser, text: string): Promise<void> {
  const alias = ownAlias(parts, text);
  const target = await aliasTarget(parts.db, alias);
  if (target === undefined) throw notFound(`The room alias ${alias} was not found.`);
  const room = await parts.rooms.find(parts.db, target.roomId);
  const work = async (tx: Tx) => {
    const mayChange = room !== undefined && (await maySendState(parts, tx, room, user.userId, CANONICAL));
    if (target.creatorNid !== user.userNid && !user.isAdmin && !mayChange) {
      throw forbidden('You may not delete this alias.');
    }
    if (!(await removeAlias(tx, alias))) throw notFound(`The room alias ${alias} was not found.`);
    if (room !== undefined && mayChange) await uncanonise(parts, tx, room, user.userId, alias);
  };
  await (room === undefined ? parts.db.tx(work) : writeRoom(parts, room, work));
}

const CANONICAL = 'm.room.canonical_alias';

async function uncanonise(parts: RoomsParts, tx: Tx, room: Room, sender: UserId, alias: RoomAlias): Promise<void> {
  const { state_root: root } = await roomHead(tx, room.nid);
  const current = await parts.state.event(tx, room, root, CANONICAL);
  const content = current === undefined ? undefined : withoutAlias(current.content, alias);
  if (content !== undefined) await append(parts, tx, room, { type: CANONICAL, stateKey: '', sender, content });
}

function ownAlias(parts: RoomsParts, text: string): RoomAlias {
  const alias = checkedAlias(text);
  if (!isOurs(parts, alias)) throw invalidParam('This server keeps aliases of its own name only.');
  return alias;
}

function isOurs(parts: RoomsParts, alias: RoomAlias): boolean {
  return parseRoomAlias(alias)?.domain === parts.serverName;
}
