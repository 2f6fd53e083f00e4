import type { Database } from '../../db/database.ts';
import { allAssignments, readDesired } from '../boards/assignment.table.ts';
import { allBoards } from '../boards/board.table.ts';
import type { Assignment, Board } from '../boards/board.ts';
import { livingProcesses, type Moment, type ProcessRow } from '../process.table.ts';
import { begun } from './begun.ts';
import { unheardBoards } from './cut-off.ts';
import type { Desired } from './desired.ts';
import { withEngines } from './engines.ts';
import { givenUpBoards } from './given-up.table.ts';
import type { Outside } from './part.ts';
import type { PlacementSettings } from './parts.ts';

/** What the database says of the boards, of what runs, and of what is wanted. */
export interface Seen {
  readonly boards: readonly Board[];
  readonly givenUp: ReadonlySet<string>;
  /** Boards of which the database hears nothing but what their agents say. */
  readonly unheard: readonly string[];
  readonly current: readonly Assignment[];
  readonly desired: Desired;
  readonly outside: readonly Outside[];
  /** What runs although nothing was ever decided. */
  readonly begun: readonly Assignment[];
}

/** Undefined where there are no boards: then nobody is told anything. */
export async function look(
  db: Database,
  now: Moment,
  { memory, engines = [] }: PlacementSettings,
): Promise<Seen | undefined> {
  const boards = withEngines(await allBoards(db, now), engines);
  if (boards.length === 0) return undefined;
  const current = await allAssignments(db);
  const text = await readDesired(db);
  const processes = await livingProcesses(db, now);
  const givenUp = await givenUpBoards(db);
  const living = new Set(processes.map(({ name }) => name));
  return {
    boards,
    current,
    givenUp,
    unheard: unheardBoards({ boards, current, givenUp, living }),
    desired: text === undefined ? {} : (JSON.parse(text) as Desired),
    outside: outsideOf(processes, { boards, current, memory }),
    begun: current.length === 0 ? begun(boards, processes, memory) : [],
  };
}

interface Inside {
  readonly boards: readonly Board[];
  readonly current: readonly Assignment[];
  readonly memory: number;
}

/** Processes that were never placed. One that was and is not any more is about to end, and counts for nothing. */
export function outsideOf(processes: readonly ProcessRow[], { boards, current, memory }: Inside): Outside[] {
  const placed = new Set(current.map(({ process }) => process));
  const wasPlaced = (name: string) =>
    placed.has(name) ||
    boards.some(board => name.startsWith(`${board.name}-`) && PLACED.test(name.slice(board.name.length)));
  return processes
    .filter(({ name }) => !wasPlaced(name))
    .map(({ name, address, roles }) => ({
      process: name,
      board: boards.find(board => address !== null && hostOf(board.address) === URL.parse(address)?.hostname)?.name,
      roles,
      memory,
    }));
}

/** As `b1-sync-1` goes on after `b1`; the name of a host and a port, as processes have by themselves, is no such name. */
const PLACED = /^-[a-z][a-z0-9-]*-\d+$/;

/** `HOST:PORT`, with IPv6 in brackets. */
function hostOf(address: string): string {
  return address.replace(/:\d+$/, '');
}
