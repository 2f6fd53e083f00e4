import type { MovingDatabase } from '../../../administration/moving-database.ts';
import type { Endpoint } from '../../endpoint.ts';
import { beginMove } from './begin-move.ts';
import { confirmMove } from './confirm-move.ts';
import { getMove } from './get-move.ts';
import { undoMove } from './undo-move.ts';

/** Moving the database: for whoever owns the machine, since an address of a database is handed over. */
export function databaseRoutes(database: MovingDatabase): Endpoint[] {
  return [getMove(database), beginMove(database), confirmMove(database), undoMove(database)];
}
