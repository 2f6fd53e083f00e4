import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';

/** What is read and thrown away of a refused request before its connection is cut. */
const MOST_DROPPED_BYTES = 64 * 1024 * 1024;

/**
 * Reads on, and throws away, what is left of a request that is refused: a client that sends all before it looks at the
 * answer would otherwise see a reset. The answer does not wait for it, since the body may have no end; nor is the
 * connection closed before it is over.
 */
export function dropBody(request: IncomingMessage, reply?: FastifyReply): void {
  // Of a body that was read nothing is left; requests of tests (`inject`) do not know of `complete`.
  if (request.complete || request.readableEnded || request.destroyed) return;
  if (reply !== undefined) closeAfterwards(request, reply);
  let bytes = 0;
  request.on('data', (chunk: Uint8Array) => {
    bytes += chunk.length;
    if (bytes > MOST_DROPPED_BYTES) request.destroy();
  });
  // The sender may hang up now.
  request.on('error', () => undefined);
  request.resume();
}

/** Fastify closes the connection with the answer whenever a body was not read, and Node.js where the client asked for it. */
function closeAfterwards(request: IncomingMessage, reply: FastifyReply): void {
  const answer: ServerResponse = reply.raw;
  reply.removeHeader('connection');
  if (answer.shouldKeepAlive) return;
  answer.shouldKeepAlive = true;
  const close = () => request.socket.end();
  request.once('end', () => (answer.writableFinished ? close() : answer.once('finish', close)));
}
