import { ByteCache } from '../base/byte-cache.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { insertMedia, type MediaFacts } from './media.table.ts';
import { type MediaName, mxcUri } from './media-id.ts';
import type { MediaParts, WithStore } from './media-parts.ts';
import { FileTooLargeError, type StoredFile, StoreFullError } from './media-store.ts';
import type { RemoteMedia } from './ports.ts';

type Parts = Pick<MediaParts, 'db' | 'nids' | 'clock' | 'log' | 'budget' | 'settings'> &
  WithStore & { readonly remote: RemoteMedia };

/** How long a failed fetch answers for the next ones. */
const FAILURE_LASTS_MS = 60_000;

interface Failure {
  readonly error: MatrixError;
  readonly until: number;
}

/**
 * Copies media of other servers into the store. A file that many ask for at once is fetched once, and one that could
 * not be had is not asked for again for a minute.
 */
export class RemoteCache {
  readonly #parts: Parts;
  readonly #running = new Map<string, Promise<void>>();
  readonly #failures: ByteCache<Failure>;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#failures = new ByteCache({ name: 'media_failure', budget: parts.budget, weight: 5, sizeOf: () => 400 });
  }

  /** Resolves when the media is in the table. @throws MatrixError as `RemoteMedia.fetch`, M_TOO_LARGE (502) */
  fetch(name: MediaName, timeoutMs: number): Promise<void> {
    const uri = mxcUri(name);
    const failure = this.#failures.get(uri);
    if (failure !== undefined && failure.until > this.#parts.clock.now()) return Promise.reject(failure.error);
    const running = this.#running.get(uri);
    if (running !== undefined) return running;
    const fetching = this.#fetch(name, timeoutMs)
      .catch(error => {
        throw this.#remember(uri, error);
      })
      .finally(() => this.#running.delete(uri));
    this.#running.set(uri, fetching);
    return fetching;
  }

  async #fetch(name: MediaName, timeoutMs: number): Promise<void> {
    const { store, remote, settings } = this.#parts;
    const maxBytes = settings.maxRemoteBytes;
    await remote.fetch({ ...name, timeoutMs, maxBytes }, async ({ contentType, fileName, body }) => {
      const file = await store.put(body, maxBytes);
      let kept = false;
      try {
        kept = await this.#record(name, file, { contentType, fileName });
      } finally {
        // Another process fetched it at the same time, or the transaction failed.
        if (!kept) await store.delete(file.fileId);
      }
    });
  }

  #record(name: MediaName, file: StoredFile, { contentType, fileName }: MediaFacts): Promise<boolean> {
    const { db, nids, clock } = this.#parts;
    return db.tx(async tx => {
      const originNid = await nids.domains.internOne(tx, name.origin);
      const facts = { contentType: contentType?.slice(0, 255), fileName: fileName?.slice(0, 512) };
      return insertMedia(tx, { ...facts, originNid, ...name, userNid: undefined, file, now: clock.now() });
    });
  }

  #remember(uri: string, cause: unknown): unknown {
    const error = asMatrixError(cause);
    if (error === undefined) return cause;
    // An upload that is under way may end any moment.
    if (error.errcode !== 'M_NOT_YET_UPLOADED') {
      this.#failures.set(uri, { error, until: this.#parts.clock.now() + FAILURE_LASTS_MS });
    }
    return error;
  }
}

function asMatrixError(error: unknown): MatrixError | undefined {
  if (error instanceof MatrixError) return error;
  if (error instanceof FileTooLargeError) {
    return new MatrixError(
      'M_TOO_LARGE',
      `The file is larger than the ${error.maxBytes} bytes that this server fetches.`,
      {
        status: 502,
      },
    );
  }
  if (error instanceof StoreFullError) {
    return new MatrixError('M_UNKNOWN', 'The server has no room left for media.', { status: 507, cause: error });
  }
  return undefined;
}
