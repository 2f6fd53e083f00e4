import type { Administration } from '../../../administration/administration.ts';
import { DELETE_ROOM } from '../../../administration/room-deletion.ts';
import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { deletionAnswer } from './deletion-answer.ts';

/** Synapse admin API, "Status of deleting rooms", "Query by room_id". */
export const listDeletions = ({ administration }: { readonly administration: Administration }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v2/rooms/:roomId/delete_status',
    auth: 'admin',
    async handle({ params }) {
      const tasks = await administration.tasks.list({ action: DELETE_ROOM, resource: params.roomId });
      if (tasks.length === 0) throw notFound('Nobody has deleted this room in the last week.');
      return { results: tasks.map(deletionAnswer) };
    },
  });
