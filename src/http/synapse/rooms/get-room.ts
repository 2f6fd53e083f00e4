import type { Devices } from '../../../accounts/devices.ts';
import type { RoomId } from '../../../core/ids.ts';
import { notFound } from '../../../core/matrix-error.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { roomDetails } from '../../../rooms/room-list.ts';
import { endpoint } from '../../endpoint.ts';
import { roomAnswer } from './room-answer.ts';

/** Synapse admin API, "Room Details API". */
export const getRoom = ({ rooms, devices }: { readonly rooms: RoomsParts; readonly devices: Devices }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/rooms/:roomId',
    auth: 'admin',
    async handle({ params }) {
      const room = await rooms.rooms.get(rooms.db, params.roomId as RoomId);
      const details = await roomDetails(rooms, rooms.db, room);
      if (details === undefined) throw notFound('This server does not know that room.');
      return {
        ...roomAnswer(details),
        topic: details.topic ?? null,
        avatar: details.avatar ?? null,
        joined_local_devices: await devices.count(details.localUsers),
        forgotten: details.isForgotten,
        tombstoned: details.isReplaced,
        replacement_room: details.replacement ?? null,
      };
    },
  });
