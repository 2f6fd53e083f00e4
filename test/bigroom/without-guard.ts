/**
 * Loaded before a server (`--import`): it sees neither how much memory it uses nor the limit of its control group, so that
 * with a large `memory` it does without budget and guard.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { readFileSync } = fs;

process.memoryUsage.rss = () => 0;
fs.readFileSync = ((...args: Parameters<typeof readFileSync>) => {
  if (args[0] === '/proc/self/cgroup') throw new Error('not here');
  return readFileSync(...args);
}) as typeof readFileSync;
syncBuiltinESMExports();
