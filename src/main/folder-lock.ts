import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DataFolderError } from './data-folder.ts';

const SQLITE_BUSY = 5;

/** Processes of one server share its data folder, each under a name of its own. */
function lockFile(path: string, process: string | undefined): string {
  return join(path, process === undefined ? 'lock' : `lock-${process}`);
}

/**
 * Keeps a second server off the data folder. SQLite's file lock does the work: the kernel drops it when the process
 * ends in whatever way, so that nothing stale is ever left behind.
 *
 * @throws DataFolderError when a server is running on it
 */
export function lockFolder(path: string, process?: string): Disposable {
  const lock = new DatabaseSync(lockFile(path, process), { timeout: 0 });
  try {
    // With the journal in memory nothing is written, so that it also works on a full disk.
    lock.exec('pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive');
  } catch (error) {
    lock.close();
    throw new DataFolderError(explain(path, error), error);
  }
  return { [Symbol.dispose]: () => lock.close() };
}

function explain(path: string, error: unknown): string {
  const code = (error as { errcode?: number }).errcode;
  if (code !== SQLITE_BUSY) return `${join(path, 'lock')} cannot be locked (${(error as Error).message}).`;
  return `A server is already running on ${path}. Stop that one, or give this one a data folder of its own with --data.`;
}
