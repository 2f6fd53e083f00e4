import type { IncomingMessage } from 'node:http';

/** What is read and thrown away of a refused request before its connection is cut. */
const MOST_DROPPED_BYTES = 64 * 1024 * 1024;

/**
 * Reads what is left of a request that is refused, so that its client gets to read why: most look at an answer only when
 * they have sent all, and on a connection that ends with the answer they would see a reset.
 */
export function dropBody(request: IncomingMessage): Promise<void> {
  // A body that was read has no end to wait for; requests of tests (`inject`) do not know of `complete`.
  if (request.complete || request.readableEnded || request.destroyed) return Promise.resolve();
  return new Promise(resolve => {
    let bytes = 0;
    request.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes > MOST_DROPPED_BYTES) request.destroy();
    });
    request.once('end', resolve);
    request.once('close', resolve);
    // The sender may hang up now; nobody waits for this body any more.
    request.on('error', () => resolve());
    request.resume();
  });
}
