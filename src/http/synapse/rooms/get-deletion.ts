import type { Administration } from '../../../administration/administration.ts';
import { DELETE_ROOM } from '../../../administration/room-deletion.ts';
import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { deletionAnswer } from './deletion-answer.ts';

/** Synapse admin API, "Status of deleting rooms", "Query by delete_id". */
export const getDeletion = ({ administration }: { readonly administration: Administration }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v2/rooms/delete_status/:deleteId',
    auth: 'admin',
    async handle({ params }) {
      const task = await administration.tasks.find(params.deleteId);
      if (task?.action !== DELETE_ROOM) throw notFound('There is no such deletion.');
      return deletionAnswer(task);
    },
  });
