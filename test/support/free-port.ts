import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that the kernel gives to outgoing connections (Linux: from 32768 on), which would take one before it is used. */
const FIRST = 10_000;
const BLOCK = 50;
const BLOCKS = 440;
/** Processes that are started one after the other have blocks of their own: no two of them choose the same. */
const own = FIRST + (process.pid % BLOCKS) * BLOCK;
let given = Math.floor(process.hrtime()[1] / 1000) % BLOCK;

/** One on loopback that nobody listens on, and that nobody else is given soon. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < BLOCK; tries++) {
    const port = own + (given++ % BLOCK);
    if (await isFree(port)) return port;
  }
  throw new Error(`all ports from ${own} to ${own + BLOCK - 1} are taken`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch {
    return false;
  }
  await new Promise(resolve => server.close(resolve));
  return true;
}
