import { type Assignment, BOARD_LIFE_MS, type Board } from '../boards/board.ts';
import { inOrder } from './layout.ts';

/** A board of which the database hears nothing for so long is cut off from it: as long as a silent one is waited for. */
export const CUT_OFF_MS = BOARD_LIFE_MS;

export interface Hearing {
  readonly boards: readonly Board[];
  readonly current: readonly Assignment[];
  /** Those whose work was given to others before. */
  readonly givenUp: ReadonlySet<string>;
  /** Names of the processes that tell the database that they live. */
  readonly living: ReadonlySet<string>;
}

/**
 * Boards whose agents speak, over other boards, and of whose processes the database hears nothing: of one that has its work,
 * although its agent says that some are ready; of one whose work was given away, whatever its agent says.
 */
export function unheardBoards({ boards, current, givenUp, living }: Hearing): string[] {
  const isUnheard = ({ name, processes }: Board) => {
    const own = rolesOn(name, current);
    if (own.length === 0 || own.some(({ process }) => living.has(process))) return false;
    const isReady = ({ process }: Assignment) =>
      processes.some(told => told.name === process && told.state === 'ready');
    return givenUp.has(name) || own.some(isReady);
  };
  return boards.filter(board => board.isAlive && isUnheard(board)).map(({ name }) => name);
}

export interface UnheardInput extends Pick<Hearing, 'boards' | 'givenUp'> {
  readonly unheard: readonly string[];
  /** For how long a board has been unheard. */
  unheardFor(board: string): number;
}

/** The boards as placement is to judge them: those that are cut off count as dead, and say why. */
export function withCutOff({ boards, givenUp, unheard, unheardFor }: UnheardInput): Board[] {
  const isCutOff = (name: string) => unheard.includes(name) && (givenUp.has(name) || unheardFor(name) >= CUT_OFF_MS);
  return boards.map(board => (isCutOff(board.name) ? { ...board, isAlive: false, isCutOff: true } : board));
}

/**
 * What stays on boards that are cut off beside what is wanted there: a process each, which begins anew by itself when it
 * reaches the database, and so tells that the board is back.
 */
export function probesOn(
  boards: readonly Board[],
  { current, wanted }: { readonly current: readonly Assignment[]; readonly wanted: ReadonlySet<string> },
): Assignment[] {
  const cutOff = boards.filter(({ isCutOff }) => isCutOff === true);
  return cutOff.flatMap(({ name }) => {
    const own = inOrder(rolesOn(name, current));
    return own.some(({ process }) => wanted.has(process)) ? [] : own.slice(0, 1);
  });
}

function rolesOn(board: string, current: readonly Assignment[]): Assignment[] {
  return current.filter(one => one.board === board && one.kind === 'role');
}
