import { parseArgs } from 'node:util';
import type { FrontArgs } from '../cli/front-commands.ts';
import { ConfigError } from '../config/problems.ts';
import { FrontError } from '../front/front-error.ts';
import { DataFolderError } from './data-folder.ts';
import { writeFront } from './front-command.ts';

/** Where the launcher begins for `copse front ... --run`, which stays beside the servers of a board and has to be small. */
const wanted = runningFront(process.argv.slice(2));
// What is written otherwise is the matter of the whole command line.
if (wanted === undefined) await import('./main.ts');
else {
  process.umask(0o077);
  try {
    const { config, data, front } = wanted;
    process.exit(await writeFront({ config, data }, front));
  } catch (error) {
    const isForPeople = [FrontError, ConfigError, DataFolderError].some(kind => error instanceof kind);
    console.error(`copse: ${isForPeople ? (error as Error).message : ((error as Error).stack ?? error)}`);
    process.exit(1);
  }
}

function runningFront(args: string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = { config: text, data: text, processes: text, install: text, whole: flag, follow: flag, run: flag };
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const [front, program, ...more] = positionals;
    const { config, data, processes, install, run } = values;
    if (front !== 'front' || (program !== 'nginx' && program !== 'haproxy') || more.length > 0 || run !== true)
      return undefined;
    const isAll = { isWhole: true, isFollowing: true, isRunning: true };
    return { config, data, front: { program, processes, install, ...isAll, reload: undefined } satisfies FrontArgs };
  } catch {
    return undefined;
  }
}
