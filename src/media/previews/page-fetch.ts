import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { type AddressGuard, ForbiddenAddressError } from '../../base/address-guard.ts';
import type { Clock } from '../../base/clock.ts';
import { request as httpRequest } from '../../base/node-http.ts';
import { forbidden, invalidParam, MatrixError } from '../../core/matrix-error.ts';

/** A page or picture as it arrives. */
export interface FetchedPage {
  /** Where the redirects led. */
  readonly url: URL;
  /** The Content-Type header; empty where there is none. */
  readonly contentType: string;
  /** Unpacked. Reading it can fail and can go on for ever: the reader counts the bytes. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface FetchParts {
  readonly clock: Clock;
  readonly guard: AddressGuard;
  /** From the first connection to the last byte, redirects included. */
  readonly timeoutMs: number;
}

const MOST_REDIRECTS = 5;
export const LONGEST_URL = 2048;
const USER_AGENT = 'Mozilla/5.0 (compatible; Copse; previews of links)';

/**
 * A URL that previews may be made of, normalised: spellings of one address become one, fragments go.
 * @throws MatrixError M_INVALID_PARAM for what is no http(s) URL, or carries a user name
 */
export function previewableUrl(text: string, base?: URL): URL {
  const url = URL.parse(text.trim(), base?.href);
  if (url === null || url.href.length > LONGEST_URL)
    throw invalidParam('This is not a URL of at most 2048 characters.');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw invalidParam('Only http and https have previews.');
  if (url.username !== '' || url.password !== '') throw invalidParam('A URL with a user name has no preview.');
  url.hash = '';
  return url;
}

/**
 * Fetches what a URL leads to and hands it to `use`; the connection ends with it. Every redirect is judged like the first
 * URL, by the address that the socket connects to.
 * @throws MatrixError M_FORBIDDEN for private addresses, M_INVALID_PARAM, M_UNKNOWN (502) for whatever else fails
 */
export async function fetchPage<T>(
  parts: FetchParts,
  start: URL,
  accept: string,
  use: (page: FetchedPage) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const timer = parts.clock.after(parts.timeoutMs, () => over.abort());
  let response: IncomingMessage | undefined;
  try {
    let url = start;
    for (let hop = 0; ; hop++) {
      response = await request(url, parts.guard, accept, over.signal);
      const next = redirectOf(response, url);
      if (next === undefined) break;
      response.destroy();
      if (hop === MOST_REDIRECTS) throw unavailable('The URL leads from redirect to redirect.');
      url = next;
    }
    if (response.statusCode !== 200) throw unavailable(`The page answered with status ${response.statusCode}.`);
    return await use({ url, contentType: response.headers['content-type'] ?? '', body: unpacked(response) });
  } catch (error) {
    throw asMatrixError(error, over.signal.aborted);
  } finally {
    timer.cancel();
    response?.destroy();
  }
}

function request(url: URL, guard: AddressGuard, accept: string, signal: AbortSignal): Promise<IncomingMessage> {
  guard.requireAllowed(url.hostname);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const headers = { accept, 'accept-encoding': 'gzip, deflate, br', 'user-agent': USER_AGENT };
  return new Promise((resolve, reject) => {
    // No agent: a connection that somebody else opened was not judged by this guard.
    const sent = send(url, { headers, agent: false, lookup: guard.lookup, signal }, resolve);
    sent.on('error', reject);
    sent.end();
  });
}

function redirectOf(response: IncomingMessage, base: URL): URL | undefined {
  const { location } = response.headers;
  const isRedirect = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0);
  return isRedirect && location !== undefined ? previewableUrl(location, base) : undefined;
}

function unpacked(response: IncomingMessage): Readable {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return response;
  const unpack =
    encoding === 'gzip' || encoding === 'x-gzip'
      ? createGunzip()
      : encoding === 'deflate'
        ? createInflate()
        : encoding === 'br'
          ? createBrotliDecompress()
          : undefined;
  if (unpack === undefined) throw unavailable(`The page comes packed as ${encoding.slice(0, 40)}.`);
  // Errors of either reach the reader of the last one.
  return pipeline(response, unpack, () => undefined);
}

/** Whatever was wrong with the page: the fault is not the client's. */
export function unavailable(reason: string, cause?: unknown): MatrixError {
  return new MatrixError('M_UNKNOWN', reason, { status: 502, cause });
}

function asMatrixError(error: unknown, timedOut: boolean): Error {
  if (error instanceof MatrixError) return error;
  if (error instanceof ForbiddenAddressError) {
    return forbidden('The URL leads to an address that this server does not fetch from.');
  }
  return timedOut ? unavailable('The page took too long.', error) : unavailable('The page cannot be fetched.', error);
}
