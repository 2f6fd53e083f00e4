import type { Administration } from '../../../administration/administration.ts';
import { PURGE_HISTORY } from '../../../administration/history-purge.ts';
import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Purge status query"; a purge that has not begun yet counts as active. */
export const getHistoryPurge = ({ administration }: { readonly administration: Administration }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/purge_history_status/:purgeId',
    auth: 'admin',
    async handle({ params }) {
      const task = await administration.tasks.find(params.purgeId);
      if (task?.action !== PURGE_HISTORY) throw notFound('There is no such purge.');
      const status = task.status === 'scheduled' ? 'active' : task.status;
      return { status, ...(task.error !== undefined && { error: task.error }) };
    },
  });
