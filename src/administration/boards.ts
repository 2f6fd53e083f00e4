import type { BoardChange } from '../cluster/boards/board.table.ts';
import type { Assignment, Board } from '../cluster/boards/board.ts';

export interface BoardInvitation {
  /** Where to: `HOST:PORT` of this board. */
  readonly address: string;
  /** For `copse join`. */
  readonly invitation: string;
  /** Milliseconds since 1970. */
  readonly expires_ts: number;
}

/** What the owner of the machine can have done about the boards of a cluster. */
export interface Boards {
  list(): Promise<{ readonly boards: readonly Board[]; readonly assignments: readonly Assignment[] }>;
  /** @throws MatrixError M_NOT_FOUND */
  change(name: string, change: BoardChange): Promise<void>;
  /** @throws MatrixError M_NOT_FOUND */
  remove(name: string): Promise<void>;
  /** Makes this machine the first board where there is none. @throws MatrixError where the server cannot have boards */
  invite(ownAddress: string | undefined, lifeMs: number): Promise<BoardInvitation>;
}
