import type { ServerName } from '../core/ids.ts';
import { notFound } from '../core/matrix-error.ts';
import type { MediaId } from './media-id.ts';

/** A file as another server sends it. */
export interface RemoteFile {
  readonly contentType: string | undefined;
  /** Out of the Content-Disposition, decoded. */
  readonly fileName: string | undefined;
  /** Reading it fails when the server breaks off, dawdles, or sends what is no file. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface RemoteFileWish {
  readonly origin: ServerName;
  readonly mediaId: MediaId;
  /** How long the origin may wait for an upload that is under way. */
  readonly timeoutMs: number;
  /** Larger files are refused where the origin says their size before; whoever reads the body counts all the same. */
  readonly maxBytes: number;
}

/** What media needs of federation. */
export interface RemoteMedia {
  /**
   * Asks the origin for one of its files, authenticated first, then the deprecated way, and hands it to `use`; the
   * connection ends with it. Redirects, multipart answers and address checks are the fetcher's affair; the size, single
   * flight and remembering failures are the caller's. What `use` throws comes out as it is.
   * @throws MatrixError M_NOT_FOUND, M_NOT_YET_UPLOADED (504), M_TOO_LARGE (502), M_UNKNOWN (502)
   */
  fetch<T>(wish: RemoteFileWish, use: (file: RemoteFile) => Promise<T>): Promise<T>;
}

/** Of a server that does not federate: there is no media but its own. */
export const noRemoteMedia: RemoteMedia = {
  async fetch({ origin }) {
    throw notFound(`This server does not fetch media from ${origin}.`);
  },
};
