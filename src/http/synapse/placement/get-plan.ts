import type { Plans } from '../../../cluster/placement/plans.ts';
import { endpoint } from '../../endpoint.ts';

/** Ours: what differs between what runs on the boards and what shall. */
export const getPlan = (plans: Plans) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/copse/v1/cluster/plan',
    auth: 'admin',
    handle: () => plans.plan(),
  });
