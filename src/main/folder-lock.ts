import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DataFolderError } from './data-folder.ts';

/**
 * Keeps a second server off the data folder. SQLite's file lock does the work: the kernel drops it when the process
 * ends in whatever way, so that nothing stale is ever left behind.
 *
 * @throws DataFolderError when a server is running on it
 */
export function lockFolder(path: string): Disposable {
  const lock = new DatabaseSync(join(path, 'lock'), { timeout: 0 });
  try {
    lock.exec('pragma locking_mode = exclusive; begin exclusive');
  } catch (error) {
    lock.close();
    throw new DataFolderError(
      `A server is already running on ${path}. Stop that one, or give this one a data folder of its own with --data.`,
      error,
    );
  }
  return { [Symbol.dispose]: () => lock.close() };
}
