import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { DataFolderError } from './data-folder.ts';

/**
 * Keeps a second agent off the data folder, and this one alive until it is disposed of. A socket with a name that is no
 * file (unix(7), abstract) goes away with the process in whatever way that ends; the lock of a server (`folder-lock.ts`)
 * would have the agent load SQLite.
 *
 * @throws DataFolderError when another agent has it
 */
export async function soleAgent(data: string): Promise<AsyncDisposable> {
  const name = createHash('sha256').update(realpathSync(data)).digest('hex');
  const server = createServer(socket => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => {
      reject(new DataFolderError(`An agent runs already on ${data}. A board has one.`, error));
    });
    server.listen(`\0copse-agent-${name}`, resolve);
  });
  return { [Symbol.asyncDispose]: () => new Promise(resolve => server.close(() => resolve())) };
}
