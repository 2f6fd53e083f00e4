import { DesiredSchema } from '../../../cluster/placement/desired.ts';
import type { Plans } from '../../../cluster/placement/plans.ts';
import { endpoint } from '../../endpoint.ts';

/** Ours: the same, as it would be with other wishes. Nothing is changed. */
export const tryPlan = (plans: Plans) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/copse/v1/cluster/plan',
    auth: 'admin',
    body: DesiredSchema,
    handle: ({ body }) => plans.plan(body),
  });
