import { notFound } from '../../../core/matrix-error.ts';
import type { FileId, MediaStore } from '../../../media/media-store.ts';
import { type Reply, reply } from '../../endpoint.ts';
import { byteRange } from './byte-range.ts';

export interface SentFile {
  readonly fileId: FileId;
  readonly size: number;
  readonly sha256: Uint8Array;
  readonly contentType: string;
  readonly disposition: string;
  /** True where no access token was needed: caches between may then keep it. */
  readonly isPublic: boolean;
}

type Header = (name: string) => string | undefined;

/** The recommended policy (client-server API, "Content repository"): nothing in a served file may run. */
const CONTENT_SECURITY_POLICY =
  "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline'; object-src 'self';";
const YEAR_SECONDS = 31_536_000;
const DAY_SECONDS = 86_400;

/** Answers with a file of the store: whole, a range of it, or "not modified". @throws MatrixError M_NOT_FOUND */
export async function sendFile(store: MediaStore, file: SentFile, header: Header): Promise<Reply> {
  const headers = headersOf(file);
  const { etag } = headers;
  if (isKnown(header('if-none-match'), etag)) return reply({ status: 304, headers, body: '' });
  const ifRange = header('if-range');
  const range = ifRange === undefined || ifRange === etag ? byteRange(header('range'), file.size) : undefined;
  if (range === 'unsatisfiable') {
    return reply({ status: 416, headers: { ...headers, 'content-range': `bytes */${file.size}` }, body: '' });
  }
  const body = await store.read(file.fileId, range);
  if (body === undefined) throw notFound('The file is no longer stored here.');
  if (range === undefined) return reply({ headers: { ...headers, 'content-length': String(file.size) }, body });
  const { start, end } = range;
  const part = { 'content-range': `bytes ${start}-${end}/${file.size}`, 'content-length': String(end - start + 1) };
  return reply({ status: 206, headers: { ...headers, ...part }, body });
}

function headersOf({ sha256, contentType, disposition, isPublic }: SentFile) {
  const scope = isPublic ? `public, max-age=${DAY_SECONDS}` : `private, max-age=${YEAR_SECONDS}`;
  return {
    'content-type': contentType,
    'content-disposition': disposition,
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'cross-origin',
    'referrer-policy': 'no-referrer',
    'x-robots-tag': 'noindex, nofollow, noarchive, noimageindex',
    'cache-control': `${scope}, immutable`,
    'accept-ranges': 'bytes',
    etag: `"${Buffer.from(sha256).toString('base64url')}"`,
  };
}

/** If-None-Match: a list of tags, weak ones too, or `*`. */
function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some(tag => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
