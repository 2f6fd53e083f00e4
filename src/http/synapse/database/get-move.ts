import type { MovingDatabase } from '../../../administration/moving-database.ts';
import { endpoint } from '../../endpoint.ts';

/** Ours: where the database is, and how far a move of it has come. */
export const getMove = (database: MovingDatabase) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/copse/v1/database/move',
    auth: 'admin',
    async handle() {
      return database.status();
    },
  });
