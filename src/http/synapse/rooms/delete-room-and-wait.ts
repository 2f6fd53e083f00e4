import type { Administration } from '../../../administration/administration.ts';
import type { RoomId } from '../../../core/ids.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { DeletionBody, deletionWish } from './deletion-body.ts';

/** Synapse admin API, "Delete Room API", version 1: answers when it is done. Who goes away meanwhile stops nothing. */
export const deleteRoomAndWait = ({ administration }: { readonly administration: Administration }) =>
  endpoint({
    method: 'DELETE',
    path: '/_synapse/admin/v1/rooms/:roomId',
    auth: 'admin',
    body: DeletionBody,
    async handle({ user, params, body, signal }) {
      const { roomDeletion, tasks } = administration;
      const { id } = await roomDeletion.begin(tasks, params.roomId as RoomId, user, deletionWish(body));
      const task = await tasks.finished(id, signal);
      if (task?.status === 'failed') throw new MatrixError('M_UNKNOWN', task.error ?? 'It failed.', { status: 400 });
      return task?.result ?? {};
    },
  });
