import type { Plans } from '../../../cluster/placement/plans.ts';
import { endpoint } from '../../endpoint.ts';

/** Ours: the processes that are to run on the boards, and how they are. */
export const listPlaced = (plans: Plans) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/copse/v1/cluster/processes',
    auth: 'admin',
    async handle() {
      return { processes: await plans.processes() };
    },
  });
