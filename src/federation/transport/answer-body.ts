import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../base/clock.ts';

/** What came is no answer: too long, cut off, or too slow. */
export class AnswerError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'AnswerError';
  }
}

export interface BodyLimits {
  readonly maxBytes: number;
  /** The longest wait for the next piece; the time that the reader takes does not count. */
  readonly idleMs: number;
}

/** The pieces of an answer as they come. @throws AnswerError when a limit is passed or the connection breaks */
export async function* bodyOf(
  response: IncomingMessage,
  limits: BodyLimits,
  clock: Clock,
): AsyncGenerator<Uint8Array, void> {
  requirePlain(response, limits.maxBytes);
  const pieces = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let length = 0;
  try {
    for (;;) {
      const timer = clock.after(limits.idleMs, () => response.destroy(new AnswerError('it stopped in the middle')));
      const { done, value } = await pieces.next().finally(() => timer.cancel());
      if (done === true) return;
      length += value.length;
      if (length > limits.maxBytes) throw tooLong(limits.maxBytes);
      yield value;
    }
  } catch (error) {
    throw error instanceof AnswerError ? error : new AnswerError('the connection broke in the middle', error);
  } finally {
    // Leaves a connection that was read to its end for the next request.
    if (!response.readableEnded) response.destroy();
  }
}

/** All of an answer. `onBytes`: told of each piece before it is kept. @throws AnswerError, and what `onBytes` throws */
export async function wholeBody(
  response: IncomingMessage,
  limits: BodyLimits,
  clock: Clock,
  onBytes?: (bytes: number) => void,
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bodyOf(response, limits, clock)) {
    onBytes?.(piece.length);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Nothing packed was asked for: a few bytes that unpack to gigabytes are not taken. */
function requirePlain(response: IncomingMessage, maxBytes: number): void {
  const encoding = response.headers['content-encoding'] ?? 'identity';
  const isTooLong = Number(response.headers['content-length'] ?? 0) > maxBytes;
  if (encoding === 'identity' && !isTooLong) return;
  response.destroy();
  throw isTooLong ? tooLong(maxBytes) : new AnswerError(`it is packed as ${encoding.slice(0, 40)}`);
}

function tooLong(maxBytes: number): AnswerError {
  return new AnswerError(`it is longer than ${maxBytes} bytes`);
}
