import { join } from 'node:path';
import type { Assignment } from '../boards/board.ts';

/** Where a process says whether it takes requests; of a front, the file with the process ID of what it runs. */
export type HealthPlace = { readonly host: string; readonly port: number } | { readonly pidFile: string };

/** How a process of a board is started. */
export interface Launch {
  readonly name: string;
  /** What stands behind `copse` on the command line. Another text means another process. */
  readonly words: readonly string[];
  readonly health: HealthPlace;
  /** Bytes that it may use, where it keeps to that by itself. */
  readonly memory?: number;
}

export interface LaunchPlace {
  /** The data folder. */
  readonly data: string;
  /** The address of the board on which its processes listen. */
  readonly host: string;
  /** The number of the settings: with others the process begins anew. */
  readonly settings?: number | undefined;
}

export function launchOf(assignment: Assignment, place: LaunchPlace): Launch {
  return assignment.kind === 'front' ? frontLaunch(assignment, place) : roleLaunch(assignment, place);
}

function roleLaunch({ process: name, roles, port, memory }: Assignment, { data, host, settings }: LaunchPlace): Launch {
  const what = roles.length === 0 ? ['up'] : ['role', roles.join(',')];
  const flags = ['--process', name, '--host', host, '--port', String(port), '--memory', String(memory)];
  const numbered = settings === undefined ? [] : ['--settings', String(settings)];
  return { name, words: [...what, '--data', data, ...flags, ...numbered], health: { host, port }, memory };
}

function frontLaunch({ process: name, part }: Assignment, { data }: LaunchPlace): Launch {
  const program = part === 'haproxy' ? 'haproxy' : 'nginx';
  const file = join(data, 'run', `${program}.conf`);
  return {
    name,
    words: ['front', program, '--whole', '--run', '--install', file, '--data', data],
    health: { pidFile: `${file}.running` },
  };
}
