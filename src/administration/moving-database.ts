import { MatrixError } from '../core/matrix-error.ts';
import type { DatabaseMove, MoveStatus } from '../db/moving/database-move.ts';
import { MoveError } from '../db/moving/move-error.ts';

/** What the owner of the machine can have done about where the database is. Each answers how it is then. */
export interface MovingDatabase {
  status(): MoveStatus;
  /** Begins, in the background. @throws MatrixError */
  toPostgres(url: string): Promise<MoveStatus>;
  /** Begins, in the background. @throws MatrixError */
  back(): Promise<MoveStatus>;
  /** @throws MatrixError */
  confirm(): Promise<MoveStatus>;
}

export function movingDatabase(move: DatabaseMove): MovingDatabase {
  const after = async (work: Promise<void>) => {
    try {
      await work;
    } catch (error) {
      if (error instanceof MoveError) throw new MatrixError('M_UNKNOWN', error.message, { status: 409, cause: error });
      throw error;
    }
    return move.status;
  };
  return {
    status: () => move.status,
    toPostgres: url => after(move.toPostgres(url)),
    back: () => after(move.back()),
    confirm: () => after(move.confirm()),
  };
}
