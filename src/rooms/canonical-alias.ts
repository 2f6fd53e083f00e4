import { isRoomAlias, parseRoomAlias, type RoomAlias, type RoomId } from '../core/ids.ts';
import { getOwn, type JsonObject } from '../core/json.ts';
import { invalidParam, MatrixError } from '../core/matrix-error.ts';
import type { Queryable } from '../db/database.ts';
import { aliasTarget } from './aliases.table.ts';
import type { RoomsParts } from './parts.ts';

/** Aliases that one event names at most: each new one is looked up. */
const MOST_ALIASES = 100;

/**
 * The aliases that a new m.room.canonical_alias adds to those of the one before must exist and name this room
 * (client-server API, `PUT /rooms/{roomId}/state/{eventType}/{stateKey}`). Aliases of other servers are believed: they
 * can be asked only outside a transaction, and clients check them before use anyway.
 *
 * @throws MatrixError M_INVALID_PARAM, M_BAD_ALIAS
 */
export async function checkCanonicalAlias(
  parts: RoomsParts,
  db: Queryable,
  roomId: RoomId,
  content: JsonObject,
  before: JsonObject | undefined,
): Promise<void> {
  const known = new Set(before === undefined ? [] : listed(before));
  const added = [...new Set(listed(content))].filter(alias => !known.has(alias));
  if (added.length > MOST_ALIASES) throw invalidParam(`At most ${MOST_ALIASES} aliases can be added at once.`);
  for (const alias of added) {
    if (typeof alias !== 'string' || !isRoomAlias(alias)) throw invalidParam(`${String(alias)} is not a room alias.`);
    if (parseRoomAlias(alias)?.domain !== parts.serverName) continue;
    if ((await aliasTarget(db, alias))?.roomId !== roomId) {
      throw new MatrixError('M_BAD_ALIAS', `The alias ${alias} does not name this room.`);
    }
  }
}

/** The content without one alias, or undefined when it does not name it. */
export function withoutAlias(content: JsonObject, alias: RoomAlias): JsonObject | undefined {
  if (!listed(content).includes(alias)) return undefined;
  const { alias: main, alt_aliases: others, ...rest } = content;
  const left = Array.isArray(others) ? others.filter(other => other !== alias) : [];
  return {
    ...rest,
    ...(main === undefined || main === alias ? {} : { alias: main }),
    ...(left.length === 0 ? {} : { alt_aliases: left }),
  };
}

/** Everything that stands where aliases belong. An absent, null or empty main alias is none. */
function listed(content: JsonObject): unknown[] {
  const main = getOwn(content, 'alias');
  const others = getOwn(content, 'alt_aliases');
  const mains = main === undefined || main === null || main === '' ? [] : [main];
  if (others === undefined || others === null) return mains;
  return Array.isArray(others) ? [...mains, ...others] : [...mains, others];
}
