import type { Assignment, Board } from '../boards/board.ts';
import type { ProcessRow } from '../process.table.ts';
import { FIRST_PORT } from './budget.ts';

/** Of the process that does everything, with which a cluster begins. */
const PART = 'all';

/** The name of what the agent of the first board runs until somebody decides. */
export function firstProcessName(board: string): string {
  return `${board}-${PART}-1`;
}

/**
 * What runs on the first board although nothing was ever decided. It counts as decided: told of anything else, the agent would
 * end it, and with it whoever decides, before what replaces it is there. Whether its board has spoken yet says nothing.
 */
export function begun(
  boards: readonly Board[],
  processes: readonly Pick<ProcessRow, 'name'>[],
  memory: number,
): Assignment[] {
  return boards.flatMap(({ name: board }) => {
    const process = firstProcessName(board);
    if (!processes.some(({ name }) => name === process)) return [];
    const what = { part: PART, kind: 'role', roles: [], port: FIRST_PORT, isLeaving: false } as const;
    return [{ process, board, memory, ...what }];
  });
}
