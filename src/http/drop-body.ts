import type { IncomingMessage } from 'node:http';

/** What is read and thrown away of a refused request before its connection is cut. */
const MOST_DROPPED_BYTES = 64 * 1024 * 1024;

/**
 * Reads on, and throws away, what is left of a request that is refused: a client that sends all before it looks at the
 * answer would otherwise see a reset. The answer does not wait for it, since the body may have no end.
 */
export function dropBody(request: IncomingMessage): void {
  // Of a body that was read nothing is left; requests of tests (`inject`) do not know of `complete`.
  if (request.complete || request.readableEnded || request.destroyed) return;
  let bytes = 0;
  request.on('data', (chunk: Uint8Array) => {
    bytes += chunk.length;
    if (bytes > MOST_DROPPED_BYTES) request.destroy();
  });
  // The sender may hang up now.
  request.on('error', () => undefined);
  request.resume();
}
