import type { Event } from '../core/event.ts';
import type { EventId, UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { prepare, refusal } from './append.ts';
import { requireNotBlocked } from './blocked-rooms.ts';
import { ingest } from './ingest.ts';
import type { RoomsParts } from './parts.ts';
import type { RemoteMemberships } from './ports.ts';
import type { Room } from './room.ts';
import { stateForStrangers } from './stripped-state.ts';
import { writeRoom } from './write-room.ts';

export interface InviteDraft {
  readonly sender: UserId;
  readonly target: UserId;
  readonly content: JsonObject;
  readonly ts?: number | undefined;
}

/**
 * Invites a user of another server: their server signs the invite first, and shows it to them; then it is taken in and
 * goes to the servers of the room (server-server API, "Inviting to a room"). The room goes on meanwhile.
 *
 * @throws MatrixError M_FORBIDDEN, and what the other server says
 */
export async function inviteElsewhere(
  parts: RoomsParts,
  memberships: RemoteMemberships,
  room: Room,
  { sender, target, content, ts }: InviteDraft,
): Promise<EventId> {
  const draft = { type: 'm.room.member', stateKey: target, sender, content, ts };
  const { event, told } = await writeRoom(parts, room, async tx => {
    await requireNotBlocked(tx, room.roomId);
    const prepared = await prepare(parts, tx, room, draft);
    const state = await stateForStrangers(parts, tx, room, prepared.stateBefore, sender);
    return { event: prepared.event, told: state.map(stored => stored.event) };
  });
  return takeIn(parts, room, await memberships.invite(event, told));
}

function takeIn(parts: RoomsParts, room: Room, invite: Event): Promise<EventId> {
  return writeRoom(parts, room, async tx => {
    const result = await ingest(parts, tx, room, invite, { distribute: true });
    if (result.outcome !== 'accepted' && result.outcome !== 'known') throw refusal(result);
    return invite.id;
  });
}
