import type { ServerName } from '../../core/ids.ts';
import { getOwn, isObject, type Json } from '../../core/json.ts';
import { forbidden } from '../../core/matrix-error.ts';
import { make, references } from '../../rooms/append.ts';
import { currentMembership } from '../../rooms/current-membership.ts';
import { storeOutOfBand } from '../../rooms/out-of-band.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { RemoteWish } from '../../rooms/ports.ts';
import { writeRoom } from '../../rooms/write-room.ts';
import type { CheckedEvents } from '../events/checked-events.ts';
import { RefusedError } from '../transport/errors.ts';
import { path } from '../transport/request-target.ts';
import { type MadeMembership, type MembershipWish, makeThrough, type TemplateParts } from './template.ts';
import { readToldState } from './told-state.ts';

export interface OutsideParts extends TemplateParts {
  readonly checked: CheckedEvents;
}

/** Knocks on a room through a server that is in it (server-server API, "Knocking upon a room"). */
export async function knockThrough(parts: OutsideParts, server: ServerName, wish: MembershipWish): Promise<void> {
  const made = await makeThrough(parts, server, wish);
  const { roomId, id, pdu } = made.event;
  const answer = await parts.client.request(server, {
    method: 'PUT',
    path: path`/_matrix/federation/v1/send_knock/${roomId}/${id}`,
    body: pdu,
  });
  await keep(parts, made, isObject(answer) ? getOwn(answer, 'knock_room_state') : undefined);
}

/** Declines an invite or takes back a knock through a server that is in the room ("Leaving Rooms (Rejecting Invites)"). */
export async function leaveThrough(parts: OutsideParts, server: ServerName, wish: MembershipWish): Promise<void> {
  const made = await makeThrough(parts, server, wish);
  await sendLeave(parts, server, made);
  await keep(parts, made, undefined);
}

async function sendLeave({ client }: OutsideParts, server: ServerName, { event }: MadeMembership): Promise<void> {
  const { roomId, id, pdu } = event;
  try {
    await client.request(server, {
      method: 'PUT',
      path: path`/_matrix/federation/v2/send_leave/${roomId}/${id}`,
      body: pdu,
    });
  } catch (error) {
    // Servers from before version 2 of the endpoint.
    if (!(error instanceof RefusedError) || error.status !== 404 || error.errcode === 'M_NOT_FOUND') throw error;
    await client.request(server, {
      method: 'PUT',
      path: path`/_matrix/federation/v1/send_leave/${roomId}/${id}`,
      body: pdu,
    });
  }
}

/** Ends a membership for our user alone: nobody who is in the room could be told. */
export async function leaveAlone(rooms: RoomsParts, { roomId, userId, content }: RemoteWish): Promise<void> {
  const room = await rooms.rooms.get(rooms.db, roomId);
  await writeRoom(rooms, room, async tx => {
    const current = await currentMembership(rooms, tx, room, userId);
    const before = current === undefined ? undefined : await rooms.events.byNid(tx, current.eventNid);
    if (before === undefined) throw forbidden('You are not in this room.');
    const event = make(rooms, room.version, {
      type: 'm.room.member',
      room_id: roomId,
      sender: userId,
      state_key: userId,
      content,
      origin_server_ts: rooms.clock.now(),
      prev_events: references([before], room.version),
      auth_events: references([before], room.version),
      depth: Math.min(before.event.depth + 1, Number.MAX_SAFE_INTEGER),
    });
    await storeOutOfBand(rooms, tx, room, event, []);
  });
}

async function keep(
  { rooms, checked }: OutsideParts,
  { version, event }: MadeMembership,
  told: Json | undefined,
): Promise<void> {
  const state = await readToldState(checked, told, event);
  const room = await rooms.db.tx(tx => rooms.rooms.findOrCreate(tx, event.roomId, version));
  await writeRoom(rooms, room, tx => storeOutOfBand(rooms, tx, room, event, state));
}
