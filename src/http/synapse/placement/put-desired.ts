import { DesiredSchema } from '../../../cluster/placement/desired.ts';
import type { Plans } from '../../../cluster/placement/plans.ts';
import { endpoint } from '../../endpoint.ts';

/** Ours: from now on this is wanted of the boards. */
export const putDesired = (plans: Plans) =>
  endpoint({
    method: 'PUT',
    path: '/_synapse/admin/copse/v1/cluster/desired',
    auth: 'admin',
    body: DesiredSchema,
    handle: ({ body }) => plans.apply(body),
  });
