import type { Plans } from '../../../cluster/placement/plans.ts';
import { endpoint } from '../../endpoint.ts';

/** Ours: back to what Copse does with the boards by itself. */
export const forgetDesired = (plans: Plans) =>
  endpoint({
    method: 'DELETE',
    path: '/_synapse/admin/copse/v1/cluster/desired',
    auth: 'admin',
    handle: () => plans.forget(),
  });
