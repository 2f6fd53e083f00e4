import { readEvent } from '../core/event.ts';
import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { forbidden } from '../core/matrix-error.ts';
import type { Tx } from '../db/database.ts';
import { proposal, topOf } from './append.ts';
import { currentMembership } from './current-membership.ts';
import { judgeByState } from './judge-event.ts';
import type { RoomsParts } from './parts.ts';
import { authoriserOf } from './restricted-join.ts';
import type { Membership, Room } from './room.ts';
import { lockRoom } from './rooms.table.ts';
import { writeRoom } from './write-room.ts';

/** What users of other servers do about their own membership through a server that is in the room. */
export type OwnMembership = Extract<Membership, 'join' | 'leave' | 'knock'>;

/**
 * A membership event for a user of another server on top of the room as it is, for their server to sign: what
 * `make_join`, `make_leave` and `make_knock` answer.
 *
 * @throws MatrixError M_FORBIDDEN where the rules refuse it, and for joins what `authoriserOf` throws
 */
export function membershipTemplate(
  parts: RoomsParts,
  room: Room,
  userId: UserId,
  membership: OwnMembership,
): Promise<JsonObject> {
  return writeRoom(parts, room, async tx => {
    const top = await topOf(parts, tx, room, await lockRoom(tx, room.nid));
    const authoriser = membership === 'join' ? await authoriserForJoin(parts, tx, room, userId) : undefined;
    const content = {
      membership,
      ...(authoriser === undefined ? {} : { join_authorised_via_users_server: authoriser }),
    };
    const draft = { type: 'm.room.member', stateKey: userId, sender: userId, content };
    const fields = await proposal(parts, tx, room, top, draft);
    const unsigned = {
      hashes: {},
      signatures: {},
      ...(room.version.eventIds === 'chosen' && { event_id: `$unsigned:${parts.serverName}` }),
    };
    const event = readEvent({ ...fields, ...unsigned }, room.version, parts.crypto);
    const verdict = await judgeByState(parts, tx, room, event, top.root);
    if (!verdict.ok) throw forbidden(`This room's rules do not allow it: ${verdict.reason}.`);
    return { ...fields, origin: parts.serverName };
  });
}

/** Who is invited or in the room already needs nobody's word. */
async function authoriserForJoin(parts: RoomsParts, tx: Tx, room: Room, userId: UserId): Promise<UserId | undefined> {
  const current = await currentMembership(parts, tx, room, userId);
  const isExpected = current?.membership === 'invite' || current?.membership === 'join';
  return isExpected ? undefined : authoriserOf(parts, tx, room, userId);
}
