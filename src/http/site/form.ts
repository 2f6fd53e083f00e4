import type { Readable } from 'node:stream';
import { MatrixError } from '../../core/matrix-error.ts';

const MOST_FORM_BYTES = 8192;

/** The fields of a form that a page of ours has sent. @throws MatrixError M_TOO_LARGE */
export async function readForm(stream: Readable): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MOST_FORM_BYTES) throw new MatrixError('M_TOO_LARGE', 'The form is too large.');
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks, length).toString());
}
