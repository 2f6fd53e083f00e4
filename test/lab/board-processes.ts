import { readFileSync } from 'node:fs';
import type { Board } from '../../src/cluster/boards/board.ts';
import type { Lab } from '../../src/cluster/lab/lab.ts';
import type { Machine } from '../../src/cluster/lab/lab-plan.ts';
import { type InMemory, memoryOf } from '../support/process-usage.ts';

/** What runs on the boards, as their agents tell: process IDs by the names of processes. */
export function processesOf(lab: Lab, asked: Machine): ReadonlyMap<string, number> {
  const { boards } = JSON.parse(lab.say(asked, ...lab.copse(asked, 'node', 'ls', '--json'))) as { boards: Board[] };
  const all = boards.flatMap(({ processes }) => processes);
  return new Map(all.flatMap(({ name, pid, state }) => (pid !== undefined && state === 'ready' ? [[name, pid]] : [])));
}

/** What the agent of each board has in memory. */
export function memoryOfAgents(lab: Lab): readonly InMemory[] {
  const isAgent = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('/agent-main.js\0');
  return lab.boards.flatMap(board => lab.pids(board).filter(isAgent).map(memoryOf));
}
