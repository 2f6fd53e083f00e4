import { membershipsOf } from '../../../rooms/memberships.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "List room memberships of a user", of another server too as far as it is known here. */
export const listUserMemberships = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/users/:userId/memberships',
    auth: 'admin',
    async handle({ params }) {
      return { memberships: Object.fromEntries(await membershipsOf(rooms, rooms.db, params.userId)) };
    },
  });
