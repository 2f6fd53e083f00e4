import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MemoryLimit } from '../bigroom/memory-limit.ts';
import { until } from './doctor-world.ts';

const MAIN = fileURLToPath(new URL('../../src/main/main.ts', import.meta.url));
const LIMIT = 220 * 1024 ** 2;
/** With the server more than the limit, and without it less. */
const EATEN = '190M';
/** The kernel is to take the server, and not whoever eats its memory. */
const FIRST = 'echo 1000 >/proc/self/oom_score_adj; exec "$0" "$@"';
const EATER = `head -c ${EATEN} /dev/zero | tail -c ${EATEN} | wc -c`;

/** Runs a server on a data folder until the kernel ends it because a control group has no memory left. */
export async function killedForMemory(folder: string): Promise<void> {
  using limit = MemoryLimit.open(LIMIT);
  if (limit === undefined) throw new Error('no control group can be made here');
  const inside = (...command: string[]) => {
    const [program = '', ...words] = [...limit.command, ...command];
    return spawn(program, words, { stdio: 'ignore' });
  };
  const before = runsOf(folder);
  const server = inside('sh', '-c', FIRST, process.execPath, MAIN, 'up', '--data', folder, '--port', '0');
  const ended = once(server, 'exit');
  await until(() => runsOf(folder) > before, 'the server does not start');
  const eater = inside('sh', '-c', EATER);
  const eaten = once(eater, 'exit');
  const [, signal] = await ended;
  if (signal !== 'SIGKILL' || limit.killed === 0) throw new Error(`the kernel did not end it: ${signal}`);
  await eaten;
}

function runsOf(folder: string): number {
  try {
    return (JSON.parse(readFileSync(join(folder, 'runs.json'), 'utf8')) as unknown[]).length;
  } catch {
    return 0;
  }
}
