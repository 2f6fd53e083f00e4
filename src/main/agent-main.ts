import { UsageError } from '../cli/admin-server.ts';
import { JoiningError } from '../cluster/joining/joining-error.ts';
import { runAgent } from './agent-command.ts';
import { DataFolderError } from './data-folder.ts';

/**
 * Where the launcher begins for `copse agent`: the agent has 60 MB, of which Node.js takes 43, and whatever main.ts loads
 * is too much.
 */
const [, , , ...words] = process.argv;
const data = dataIn(words);
// What is written otherwise, help too, is the matter of the whole command line.
if (data === undefined) await import('./main.ts');
else {
  process.umask(0o077);
  try {
    process.exit(await runAgent(data));
  } catch (error) {
    const isForPeople = [UsageError, JoiningError, DataFolderError].some(kind => error instanceof kind);
    console.error(`copse: ${isForPeople ? (error as Error).message : ((error as Error).stack ?? error)}`);
    process.exit(1);
  }
}

/** Of `--data FOLDER`, `--data=FOLDER`, or nothing; undefined where there is something else. */
function dataIn(words: readonly string[]): { readonly data?: string } | undefined {
  const [flag, folder, ...more] = words.flatMap(word =>
    word.startsWith('--data=') ? ['--data', word.slice(7)] : [word],
  );
  if (flag === undefined) return {};
  return flag === '--data' && folder !== undefined && more.length === 0 ? { data: folder } : undefined;
}
