import type { DownloadRequest } from '../../../media/downloads.ts';
import type { Query } from '../../query.ts';

interface Request {
  readonly params: { readonly serverName: string; readonly mediaId: string };
  readonly query: Query;
  readonly signal: AbortSignal;
}

const DEFAULT_WAIT_MS = 20_000;
const LONGEST_WAIT_MS = 60_000;

/** What downloads and thumbnails read from a request. `allow_remote` exists on the deprecated endpoints only. */
export function mediaRequest({ params, query, signal }: Request, authenticated: boolean): DownloadRequest {
  return {
    serverName: params.serverName,
    mediaId: params.mediaId,
    timeoutMs: query.integer('timeout_ms', { fallback: DEFAULT_WAIT_MS, max: LONGEST_WAIT_MS }),
    allowRemote: authenticated || query.boolean('allow_remote', true),
    authenticated,
    signal,
  };
}
