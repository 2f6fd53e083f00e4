import type { Readable } from 'node:stream';
import type { Clock } from '../../../base/clock.ts';

/** What is read and thrown away of a refused upload before the connection is cut. */
const MOST_DISCARDED_BYTES = 64 * 1024 * 1024;
const LONGEST_DISCARD_MS = 30_000;

/**
 * Runs `use` with the chunks of a request's body. When `use` stops early, the connection stays open and the rest is
 * thrown away for a while: a client that is still sending would otherwise see a reset instead of the answer.
 */
export async function withUploadBody<T>(
  stream: Readable,
  clock: Clock,
  use: (body: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  try {
    return await use(stream.iterator({ destroyOnReturn: false }));
  } finally {
    if (!stream.readableEnded && !stream.destroyed) discardRest(stream, clock);
  }
}

function discardRest(stream: Readable, clock: Clock): void {
  let bytes = 0;
  const timer = clock.after(LONGEST_DISCARD_MS, () => stream.destroy());
  stream.on('close', () => timer.cancel());
  // The sender may hang up now; nobody waits for this body any more.
  stream.on('error', () => undefined);
  stream.on('data', (chunk: Uint8Array) => {
    bytes += chunk.length;
    if (bytes > MOST_DISCARDED_BYTES) stream.destroy();
  });
}
