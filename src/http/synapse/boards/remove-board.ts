import type { Boards } from '../../../administration/boards.ts';
import { endpoint } from '../../endpoint.ts';

/** Ours: a board is none any more. What ran there goes elsewhere, and its certificate is worth nothing. */
export const removeBoard = (boards: Boards) =>
  endpoint({
    method: 'DELETE',
    path: '/_synapse/admin/copse/v1/cluster/boards/:name',
    auth: 'admin',
    async handle({ params }) {
      await boards.remove(params.name);
      return {};
    },
  });
