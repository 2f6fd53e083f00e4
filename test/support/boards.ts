import type { Board, BoardFacts } from '../../src/cluster/boards/board.ts';
import { MIB } from '../../src/cluster/placement/budget.ts';
import type { PlacementInput } from '../../src/cluster/placement/place.ts';

export function factsOf(mib: number, programs: string[] = ['nginx']): BoardFacts {
  return {
    version: '0.1.0',
    arch: 'arm64',
    cpus: 4,
    load: 0.1,
    memory: { total: mib * MIB, used: 100 * MIB },
    disk: { total: 30e9, free: 20e9 },
    pressure: {},
    root: 'ext4',
    supervisor: 'systemd',
    programs,
  };
}

/** A board that lives, with 4 GiB. */
export function boardOf(name: string, more: Partial<Board> = {}): Board {
  return {
    name,
    address: `10.0.0.${name.replace(/\D/g, '')}:8470`,
    labels: [],
    facts: factsOf(4096),
    processes: [],
    isCordoned: false,
    isAlive: true,
    joinedTs: Number(name.replace(/\D/g, '')),
    ...more,
  };
}

/** `b1` to `bN`. */
export function boardsOf(count: number, more: Partial<Board> = {}): Board[] {
  return Array.from({ length: count }, (_, at) => boardOf(`b${at + 1}`, more));
}

/** A server that nobody has said anything about, and which runs nothing yet. */
export function placing(boards: readonly Board[], more: Partial<PlacementInput> = {}): PlacementInput {
  return {
    boards,
    desired: {},
    outside: [],
    current: [],
    settings: { memory: 256 * MIB, connections: 1000 },
    ...more,
  };
}
