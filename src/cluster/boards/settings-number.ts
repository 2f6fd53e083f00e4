import type { Board } from './board.ts';

/** Boards that were told of no settings have those with which the cluster began. */
export const FIRST_SETTINGS = 1;

/**
 * Whether it is a board's turn to take settings: when all before it that live have done so and their processes are ready
 * with them. Settings with which processes do not start so come to one board alone.
 */
export function isTurnOf(name: string, number: number, boards: readonly Board[]): boolean {
  const at = boards.findIndex(board => board.name === name);
  const before = boards.slice(0, Math.max(0, at)).filter(({ isAlive }) => isAlive);
  return before.every(
    ({ facts, processes }) =>
      (facts?.settings ?? FIRST_SETTINGS) >= number && processes.every(({ state }) => state === 'ready'),
  );
}
