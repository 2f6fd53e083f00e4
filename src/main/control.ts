import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, get } from '../base/node-http.ts';
import type { Status } from '../cli/status-text.ts';

/** The socket in the data folder through which `copse status` asks a running server. Only the folder's owner gets there. */
const SOCKET = 'control.sock';
const MOST_WAIT_MS = 5000;

/** The longest path that fits into a socket address. */
const LONGEST_ADDRESS = 100;

/** A long path is reached through the folder's descriptor, whose name is short. */
function withAddress(folder: string): { readonly address: string } & Disposable {
  const plain = join(folder, SOCKET);
  if (Buffer.byteLength(plain) <= LONGEST_ADDRESS) return { address: plain, [Symbol.dispose]() {} };
  const descriptor = openSync(folder, 'r');
  return { address: `/proc/self/fd/${descriptor}/${SOCKET}`, [Symbol.dispose]: () => closeSync(descriptor) };
}

/** Answers `copse status`. To be called by whoever holds the folder's lock: it removes a socket that was left behind. */
export async function listenControl(folder: string, status: () => Promise<Status>): Promise<AsyncDisposable> {
  rmSync(join(folder, SOCKET), { force: true });
  const server = createServer((_, answer) => {
    status().then(
      found => answer.end(JSON.stringify(found)),
      (error: unknown) => answer.writeHead(500).end(JSON.stringify({ error: String(error) })),
    );
  });
  const reached = withAddress(folder);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(reached.address, resolve);
  });
  server.unref();
  return {
    async [Symbol.asyncDispose]() {
      await new Promise(resolve => server.close(resolve));
      reached[Symbol.dispose]();
    },
  };
}

/** Asks the server that runs on `folder`; undefined when none does. */
export async function askControl(folder: string): Promise<Status | undefined> {
  using reached = withAddress(folder);
  return await new Promise((resolve, reject) => {
    const request = get(
      { socketPath: reached.address, path: '/status', timeout: MOST_WAIT_MS, agent: false },
      async answer => {
        const text = (await answer.toArray()).join('');
        if (answer.statusCode === 200) resolve(JSON.parse(text) as Status);
        else reject(new Error(`The server cannot tell its status: ${text}`));
      },
    );
    request.on('timeout', () => request.destroy(new Error('The server does not answer.')));
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined);
      else reject(error);
    });
  });
}
