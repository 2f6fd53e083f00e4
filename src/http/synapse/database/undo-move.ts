import type { MovingDatabase } from '../../../administration/moving-database.ts';
import { endpoint } from '../../endpoint.ts';

/** Ours: begins to go back to the database that was left, in the background. */
export const undoMove = (database: MovingDatabase) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/copse/v1/database/move/back',
    auth: 'admin',
    handle: () => database.back(),
  });
