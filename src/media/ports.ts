import type { ServerName } from '../core/ids.ts';
import { notFound } from '../core/matrix-error.ts';
import type { MediaId } from './media-id.ts';

/** A file as another server sends it. */
export interface RemoteFile {
  readonly contentType: string | undefined;
  /** Out of the Content-Disposition, decoded. */
  readonly fileName: string | undefined;
  /** Ending the iteration early must close the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What media needs of federation. */
export interface RemoteMedia {
  /**
   * Asks `origin` for one of its files: authenticated first, then the deprecated way. `timeoutMs` is how long the origin
   * may wait for an upload that is under way. Redirects, multipart answers and address checks are the fetcher's affair;
   * size, single flight and remembering failures are the caller's.
   * @throws MatrixError M_NOT_FOUND, M_NOT_YET_UPLOADED (504), M_TOO_LARGE (502), M_UNKNOWN (502)
   */
  fetch(origin: ServerName, mediaId: MediaId, options: { readonly timeoutMs: number }): Promise<RemoteFile>;
}

/** Of a server that does not federate: there is no media but its own. */
export const noRemoteMedia: RemoteMedia = {
  async fetch(origin) {
    throw notFound(`This server does not fetch media from ${origin}.`);
  },
};
