import { Type } from '../../../base/schema.ts';
import { type Marker, setMarkers } from '../../../rooms/receipts.ts';
import { joinedRoom } from '../../../rooms/room-access.ts';
import { endpoint } from '../../endpoint.ts';
import type { RoomRouteParts } from './room-route-parts.ts';

const Body = Type.Object({
  'm.fully_read': Type.Optional(Type.String()),
  'm.read': Type.Optional(Type.String()),
  'm.read.private': Type.Optional(Type.String()),
});

/** setReadMarker: moves the fully-read marker and receipts together. */
export const setReadMarkers = ({ rooms, reading }: Pick<RoomRouteParts, 'rooms' | 'reading'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/rooms/:roomId/read_markers',
    auth: 'user',
    limit: 'other',
    body: Body,
    async handle({ user, params, body }) {
      const room = await joinedRoom(rooms, params.roomId, user);
      const markers = (['m.fully_read', 'm.read', 'm.read.private'] as const).flatMap<Marker>(type => {
        const eventId = body[type];
        return eventId === undefined ? [] : [{ type, eventId }];
      });
      await setMarkers(rooms, reading, room, user, markers);
      return {};
    },
  });
