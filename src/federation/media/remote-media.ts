import type { Clock } from '../../base/clock.ts';
import { fileNameIn } from '../../media/content-disposition.ts';
import type { RemoteFile, RemoteFileWish, RemoteMedia } from '../../media/ports.ts';
import { Deadline } from '../transport/deadline.ts';
import type { FederationClient, StreamedAnswer } from '../transport/federation-client.ts';
import type { HttpsStream } from '../transport/https-stream.ts';
import { path } from '../transport/request-target.ts';
import { asMediaError, isUnknownEndpoint, tooLarge, unavailable } from './media-errors.ts';
import { boundaryOf, MultipartError, MultipartReader } from './multipart.ts';

export interface FederatedMediaParts {
  readonly client: Pick<FederationClient, 'stream'>;
  /** For files that an origin keeps elsewhere. */
  readonly https: HttpsStream;
  readonly clock: Clock;
}

/** From the first packet to the last: a file that comes in drips is given up. */
const LONGEST_MS = 10 * 60_000;
/** Beside the time that the origin may wait for an upload. */
const ANSWER_MS = 20_000;
/** What stands around a file in a multipart answer. */
const AROUND_BYTES = 64 * 1024;
const MOST_REDIRECTS = 5;

type Use<T> = (file: RemoteFile) => Promise<T>;

/** Media of other servers (server-server API, "Content Repository"). */
export class FederatedMedia implements RemoteMedia {
  readonly #parts: FederatedMediaParts;
  readonly #longestMs: number;

  constructor(parts: FederatedMediaParts, longestMs = LONGEST_MS) {
    this.#parts = parts;
    this.#longestMs = longestMs;
  }

  async fetch<T>(wish: RemoteFileWish, use: Use<T>): Promise<T> {
    using deadline = new Deadline(this.#parts.clock, this.#longestMs);
    try {
      return await this.#authenticated(wish, deadline, use);
    } catch (error) {
      throw asMediaError(error, wish.origin);
    }
  }

  async #authenticated<T>(wish: RemoteFileWish, deadline: Deadline, use: Use<T>): Promise<T> {
    const target = path`/_matrix/federation/v1/media/download/${wish.mediaId}`;
    const answer = await this.#open(wish, target, deadline).catch(error => {
      if (isUnknownEndpoint(error)) return undefined;
      throw error;
    });
    if (answer === undefined) return this.#deprecated(wish, deadline, use);
    await using _ = answer;
    const boundary = boundaryOf(answer.header('content-type'));
    if (boundary === undefined) throw new MultipartError('its answer is not multipart/mixed');
    return await this.#secondPart(new MultipartReader(answer.body, boundary), wish, deadline, use);
  }

  /** The first part describes the media and is empty so far; the second one is the file, or says where it is. */
  async #secondPart<T>(reader: MultipartReader, wish: RemoteFileWish, deadline: Deadline, use: Use<T>): Promise<T> {
    const parts = [await reader.next(), await reader.next()];
    const file = parts[1];
    if (file === undefined) throw new MultipartError('its answer has no second part');
    const location = file.headers.get('location');
    if (location !== undefined) return await this.#elsewhere(location, wish, deadline, use);
    const used = await use(remoteFile(name => file.headers.get(name), file.body));
    await reader.drain();
    return used;
  }

  /** For servers from before version 1.11 of the specification. */
  async #deprecated<T>(wish: RemoteFileWish, deadline: Deadline, use: Use<T>): Promise<T> {
    const target = path`/_matrix/media/v3/download/${wish.origin}/${wish.mediaId}`;
    await using answer = await this.#open(wish, target, deadline, { allow_remote: false });
    return await use(remoteFile(answer.header, answer.body));
  }

  async #open(
    wish: RemoteFileWish,
    target: string,
    { signal }: Deadline,
    unauthenticated?: { readonly allow_remote: boolean },
  ): Promise<StreamedAnswer> {
    const { origin, timeoutMs, maxBytes } = wish;
    const answer = await this.#parts.client.stream(origin, {
      method: 'GET',
      path: target,
      query: { timeout_ms: timeoutMs, ...unauthenticated },
      timeoutMs: timeoutMs + ANSWER_MS,
      maxBytes: maxBytes + AROUND_BYTES,
      accept: unauthenticated === undefined ? 'multipart/mixed' : '*/*',
      unsigned: unauthenticated !== undefined,
      signal,
    });
    if (isWithin(answer, maxBytes + AROUND_BYTES)) return answer;
    await answer[Symbol.asyncDispose]();
    throw tooLarge(maxBytes);
  }

  /** A file that the origin keeps somewhere else: anybody may be named here, so every step is judged by its address. */
  async #elsewhere<T>(location: string, wish: RemoteFileWish, deadline: Deadline, use: Use<T>): Promise<T> {
    const { origin, maxBytes } = wish;
    let url = requireHttps(location, wish);
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      using answer = await this.#parts.https(url, { accept: '*/*', maxBytes: maxBytes + AROUND_BYTES, deadline });
      if (answer.status === 200) {
        if (!isWithin(answer, maxBytes)) throw tooLarge(maxBytes);
        return await use(remoteFile(answer.header, answer.body));
      }
      const next = answer.header('location');
      if (answer.status < 300 || answer.status > 399 || next === undefined)
        throw unavailable(origin, `it leads to a page that answers ${answer.status}`);
      url = requireHttps(next, wish, url);
    }
    throw unavailable(origin, 'it leads from redirect to redirect');
  }
}

function remoteFile(header: (name: string) => string | undefined, body: AsyncIterable<Uint8Array>): RemoteFile {
  return { contentType: header('content-type'), fileName: fileNameIn(header('content-disposition')), body };
}

/** Whether a file is as small as it may be by what was said before it. */
function isWithin({ header }: { header: (name: string) => string | undefined }, maxBytes: number): boolean {
  return Number(header('content-length') ?? 0) <= maxBytes;
}

function requireHttps(location: string, { origin }: RemoteFileWish, base?: URL): URL {
  const url = URL.parse(location, base?.href);
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '')
    throw unavailable(origin, 'it leads to what is no https URL');
  return url;
}
