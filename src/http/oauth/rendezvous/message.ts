import type { Readable } from 'node:stream';
import { LARGEST_MESSAGE, type LeftMessage } from '../../../accounts/oauth/rendezvous.ts';
import { invalidParam, MatrixError } from '../../../core/matrix-error.ts';

export const RENDEZVOUS_PATH = '/_matrix/client/unstable/org.matrix.msc4108/rendezvous';
export const SESSION_PATH = `${RENDEZVOUS_PATH}/:sessionId` as const;

interface Message {
  readonly stream: Readable;
  readonly header: (name: string) => string | undefined;
}

/** The message in a request. @throws MatrixError M_INVALID_PARAM when it is no plain text, M_TOO_LARGE */
export async function readMessage({ stream, header }: Message): Promise<Uint8Array> {
  const [type = ''] = (header('content-type') ?? '').split(';');
  if (type.trim().toLowerCase() !== 'text/plain') throw invalidParam('The Content-Type must be text/plain.');
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_MESSAGE)
      throw new MatrixError('M_TOO_LARGE', `A message has at most ${LARGEST_MESSAGE} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** What every answer about a session says of it, and that nobody in between may keep it. */
export function sessionHeaders({ tag, changedTs, expiresTs }: LeftMessage): Record<string, string> {
  return {
    etag: tag,
    'last-modified': new Date(changedTs).toUTCString(),
    expires: new Date(expiresTs).toUTCString(),
    'cache-control': 'no-store, no-transform',
    pragma: 'no-cache',
  };
}
