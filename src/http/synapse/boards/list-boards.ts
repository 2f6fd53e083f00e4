import type { Boards } from '../../../administration/boards.ts';
import { endpoint } from '../../endpoint.ts';

/** Ours: the boards of the cluster, and what shall run on them. */
export const listBoards = (boards: Boards) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/copse/v1/cluster/boards',
    auth: 'admin',
    handle: () => boards.list(),
  });
