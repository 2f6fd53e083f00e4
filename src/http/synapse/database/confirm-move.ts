import type { MovingDatabase } from '../../../administration/moving-database.ts';
import { endpoint } from '../../endpoint.ts';

/** Ours: gives up the way back of a move. */
export const confirmMove = (database: MovingDatabase) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/copse/v1/database/move/confirm',
    auth: 'admin',
    handle: () => database.confirm(),
  });
