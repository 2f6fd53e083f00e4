import type { Assignment, Board, BoardFacts, BoardProcess } from '../cluster/boards/board.ts';
import { durationText, sizeText } from './size-text.ts';
import { shownText, tableText } from './table-text.ts';

/** The boards of a cluster, and what shall run on them. */
export interface BoardsStatus {
  readonly boards: readonly Board[];
  readonly assignments: readonly Assignment[];
}

/** A line for each board. */
export function boardRows({ boards, assignments }: BoardsStatus): [string, string][] {
  return boards.map(board => {
    const runs = assignments.filter(each => each.board === board.name).map(each => processText(board, each));
    const what = [stateOf(board), ...(board.facts === undefined ? [] : factWords(board.facts))].join(', ');
    return ['board', `${board.name}, ${what}: ${runs.join(', ') || 'nothing'}`];
  });
}

/** Tables of the boards and of what runs on them. `now`: milliseconds since 1970. */
export function boardTables({ boards, assignments }: BoardsStatus, now: number): string {
  const of = boards.map(board => [board.name, stateOf(board), ...factCells(board.facts)]);
  const processes = assignments.map(assignment => processCells(assignment, boards, now));
  return [
    tableText(['board', 'state', 'load', 'memory', 'waits', 'heat', 'link', 'disk free', 'root'], of, 'No boards.'),
    '',
    tableText(['process', 'board', 'state', 'for', 'restarts', 'memory', 'does'], processes, 'Nothing runs on boards.'),
  ].join('\n');
}

export function stateOf({ isAlive, isCordoned, facts }: Board): string {
  if (!isAlive) return facts === undefined ? 'not seen yet' : 'silent';
  return isCordoned ? 'drained' : 'alive';
}

/** `b1-sync-1`, and how it is if that is not as it should be. */
export function processText({ processes }: Board, { process, isLeaving }: Assignment): string {
  const { state, reason } = processes.find(({ name }) => name === process) ?? { state: 'not started' };
  const words = [
    ...(state === 'ready' ? [] : [reason === undefined ? state : `${state}: ${shownText(reason, 100)}`]),
    ...(isLeaving ? ['leaving'] : []),
  ];
  return words.length === 0 ? process : `${process} (${words.join(', ')})`;
}

/** Only what is worth a look. */
function factWords({ memory, temperature, pressure, disk }: BoardFacts): string[] {
  const waits = pressure.memory ?? 0;
  return [
    `${sizeText(memory.used)} of ${sizeText(memory.total)}`,
    ...(temperature === undefined || temperature < HOT ? [] : [`${Math.round(temperature)} °C`]),
    ...(waits < 10 ? [] : [`waits ${Math.round(waits)} % of the time for memory`]),
    ...(disk.total === 0 || disk.free > disk.total / 20 ? [] : [`only ${sizeText(disk.free)} of its disk free`]),
  ];
}

/** A Raspberry Pi slows down from 80 degrees on. */
const HOT = 75;

function factCells(facts: BoardFacts | undefined): string[] {
  if (facts === undefined) return Array<string>(7).fill('-');
  const { load, cpus, memory, pressure, temperature, link, disk, root } = facts;
  const waits = (['cpu', 'memory', 'io'] as const).map(of => Math.round(pressure[of] ?? 0)).join('/');
  return [
    `${load.toFixed(1)}/${cpus}`,
    `${sizeText(memory.used)} of ${sizeText(memory.total)}`,
    Object.keys(pressure).length === 0 ? '-' : `${waits} %`,
    temperature === undefined ? '-' : `${Math.round(temperature)} °C`,
    link?.mbit === undefined ? '-' : `${link.mbit} Mbit/s`,
    sizeText(disk.free),
    shownText(root, 20),
  ];
}

function processCells(
  { process, board, roles, kind, memory, isLeaving }: Assignment,
  boards: readonly Board[],
  now: number,
) {
  const found = boards.find(({ name }) => name === board)?.processes.find(({ name }) => name === process);
  const does = kind === 'front' ? 'front' : roles.join(', ') || 'everything';
  return [
    process,
    board,
    isLeaving ? `${found?.state ?? 'not started'}, leaving` : (found?.state ?? 'not started'),
    found === undefined ? '-' : durationText(Math.max(0, now - found.since) / 1000),
    String(found?.restarts ?? 0),
    `${found?.memory === undefined ? '-' : sizeText(found.memory)} of ${sizeText(memory)}`,
    doesWhat(does, found),
  ];
}

function doesWhat(does: string, found: BoardProcess | undefined): string {
  return found?.reason === undefined || found.state === 'ready' ? does : `${does}. ${shownText(found.reason, 120)}`;
}
