import type { Administration } from '../../../administration/administration.ts';
import type { RoomId } from '../../../core/ids.ts';
import { endpoint } from '../../endpoint.ts';
import { DeletionBody, deletionWish } from './deletion-body.ts';

/** Synapse admin API, "Delete Room API", version 2: answers at once, and works on. */
export const deleteRoom = ({ administration }: { readonly administration: Administration }) =>
  endpoint({
    method: 'DELETE',
    path: '/_synapse/admin/v2/rooms/:roomId',
    auth: 'admin',
    body: DeletionBody,
    async handle({ user, params, body }) {
      const { roomDeletion, tasks } = administration;
      const task = await roomDeletion.begin(tasks, params.roomId as RoomId, user, deletionWish(body));
      return { delete_id: task.id };
    },
  });
