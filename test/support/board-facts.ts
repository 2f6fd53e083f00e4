import type { BoardFacts } from '../../src/cluster/boards/board.ts';

/** What the agent of a small board tells. */
export const BOARD_FACTS: BoardFacts = {
  version: '0.1.0',
  arch: 'arm64',
  cpus: 4,
  load: 0,
  memory: { total: 4096 * 1024 ** 2, used: 700 * 1024 ** 2 },
  disk: { total: 4e9, free: 1e9 },
  pressure: {},
  root: 'ext4',
  supervisor: 'child',
  programs: [],
};
