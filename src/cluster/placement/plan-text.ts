import type { Assignment, Board } from '../boards/board.ts';
import { capacityOf, footprintOf, MIB } from './budget.ts';
import type { Placement } from './place.ts';

/** A placement in lines: each board with what runs there, and what cannot be as it is wanted. */
export function placementText({ assignments, waiting, faults }: Placement, boards: readonly Board[]): string {
  const all = [...assignments, ...waiting];
  const lines = boards.map(board => {
    const own = all.filter(one => one.board === board.name);
    const used = own.reduce((sum, one) => sum + footprintOf(one), 0);
    const state = board.isAlive ? (board.isCordoned ? ', to be emptied' : '') : ', dead';
    const what = own.map(shortText).join(', ') || 'nothing';
    return `${board.name} (${mib(used)} of ${mib(capacityOf(board))} MiB${state}): ${what}`;
  });
  return [...lines, ...faults.map(fault => `! ${fault}`)].join('\n');
}

function shortText({ part, memory, port }: Assignment): string {
  return `${part} ${mib(memory)}${port === 0 ? '' : ` :${port}`}`;
}

/** What differs between what is to run and what shall, by name of the process. */
export interface Change {
  readonly kind: 'start' | 'change' | 'stop';
  readonly process: string;
  readonly board: string;
  /** For people: what it does, or what is other than before. */
  readonly what: string;
}

/** The way from what is to run now to a placement. */
export function changesTo({ assignments, waiting }: Placement, current: readonly Assignment[]): Change[] {
  const now = new Map(current.map(one => [one.process, one]));
  const wanted = [...assignments, ...waiting];
  const starts = wanted.flatMap((one): Change[] => {
    const before = now.get(one.process);
    const { process, board } = one;
    if (before === undefined) return [{ kind: 'start', process, board, what: processText(one) }];
    const what = differenceText(before, one);
    return what === '' ? [] : [{ kind: 'change', process, board, what }];
  });
  const names = new Set(wanted.map(({ process }) => process));
  const stops = current
    .filter(({ process }) => !names.has(process))
    .map((one): Change => ({ kind: 'stop', process: one.process, board: one.board, what: stopText(one, wanted) }));
  return [...starts, ...stops];
}

/** Changes in lines. */
export function changesText(changes: readonly Change[]): string {
  if (changes.length === 0) return 'Everything is as it is wanted.';
  return changes.map(({ kind, process, board, what }) => `${kind} ${process} on ${board}: ${what}`).join('\n');
}

export function processText({ kind, part, roles, memory, port }: Assignment): string {
  if (kind === 'front') return `the front (${part})`;
  return `${roles.join(', ') || 'everything'}, ${mib(memory)} MiB, port ${port}`;
}

function differenceText(before: Assignment, after: Assignment): string {
  const differences = [
    before.roles.join() === after.roles.join()
      ? ''
      : `${after.roles.join(', ') || 'everything'} instead of ${before.roles.join(', ') || 'everything'}`,
    before.memory === after.memory ? '' : `${mib(after.memory)} MiB instead of ${mib(before.memory)}`,
    before.port === after.port ? '' : `port ${after.port} instead of ${before.port}`,
    before.isLeaving ? 'it stays after all' : '',
  ];
  return differences.filter(text => text !== '').join(', ');
}

function stopText({ part }: Assignment, wanted: readonly Assignment[]): string {
  const others = wanted.filter(one => one.part === part).length;
  return others === 0 ? `the part ${part} is gone` : `${part} has ${others} elsewhere`;
}

function mib(bytes: number): number {
  return Math.floor(bytes / MIB);
}
