import type { Administration } from '../../../administration/administration.ts';
import { REDACT_EVENTS } from '../../../administration/event-redaction.ts';
import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Check the status of a redaction process". */
export const getRedaction = ({ administration }: { readonly administration: Administration }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/user/redact_status/:redactId',
    auth: 'admin',
    async handle({ params }) {
      const task = await administration.tasks.find(params.redactId);
      if (task?.action !== REDACT_EVENTS) throw notFound('There is no such redaction.');
      return { status: task.status, ...task.result, ...(task.error !== undefined && { error: task.error }) };
    },
  });
