import { Readable } from 'node:stream';
import { type Random, randomLetters } from '../../../base/random.ts';
import { notFound } from '../../../core/matrix-error.ts';
import { contentDisposition } from '../../../media/content-disposition.ts';
import type { FileId, MediaStore } from '../../../media/media-store.ts';
import { type Reply, reply } from '../../endpoint.ts';

export interface SentPart {
  readonly fileId: FileId;
  readonly size: number;
  readonly contentType: string;
  readonly fileName: string | undefined;
}

/** So many that no file holds the boundary by chance. */
const BOUNDARY_LETTERS = 32;

/**
 * A file as other servers get it: its metadata, of which there is none so far, then the file (server-server API, "Content
 * Repository"). @throws MatrixError M_NOT_FOUND
 */
export async function sendMultipart(store: MediaStore, random: Random, part: SentPart): Promise<Reply> {
  const boundary = randomLetters(random, BOUNDARY_LETTERS);
  const { size, contentType, fileName } = part;
  const before = Buffer.from(
    `--${boundary}\r\nContent-Type: application/json\r\n\r\n{}\r\n--${boundary}\r\nContent-Type: ${contentType}\r\n` +
      `Content-Disposition: ${contentDisposition(contentType, fileName)}\r\n\r\n`,
  );
  const after = Buffer.from(`\r\n--${boundary}--\r\n`);
  const file = await store.read(part.fileId);
  if (file === undefined) throw notFound('The file is no longer stored here.');
  const body = Readable.from(joined(before, file, after), { objectMode: false });
  // A body that nobody began to read has not begun to read the file either, which is open all the same.
  body.once('close', () => file.destroy());
  const headers = {
    'content-type': `multipart/mixed; boundary=${boundary}`,
    'content-length': String(before.length + size + after.length),
  };
  return reply({ headers, body });
}

async function* joined(before: Buffer, file: Readable, after: Buffer): AsyncGenerator<Buffer, void> {
  yield before;
  for await (const chunk of file) yield chunk as Buffer;
  yield after;
}
