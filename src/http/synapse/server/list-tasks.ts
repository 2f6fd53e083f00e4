import type { Administration } from '../../../administration/administration.ts';
import { TASK_STATUSES } from '../../../administration/tasks.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Show scheduled tasks". */
export const listTasks = ({ administration }: { readonly administration: Administration }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/scheduled_tasks',
    auth: 'admin',
    async handle({ query }) {
      const word = query.get('job_status') === undefined ? 'status' : 'job_status';
      const before = query.get('max_timestamp');
      const tasks = await administration.tasks.list({
        action: query.get('action_name') || undefined,
        resource: query.get('resource_id') || undefined,
        status: query.get(word) === undefined ? undefined : query.choice(word, TASK_STATUSES, 'scheduled'),
        before:
          before === undefined
            ? undefined
            : query.integer('max_timestamp', { fallback: 0, max: Number.MAX_SAFE_INTEGER }),
      });
      return {
        scheduled_tasks: tasks.map(task => ({
          id: task.id,
          action: task.action,
          status: task.status,
          timestamp_ms: task.changedTs,
          resource_id: task.resource ?? null,
          result: task.result,
          error: task.error ?? null,
        })),
      };
    },
  });
