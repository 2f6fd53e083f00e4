import { request as httpsRequest } from 'node:https';
import { request as httpRequest } from '../../base/node-http.ts';
import { AcmeError } from './acme-error.ts';

export interface AcmeAnswer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly text: string;
}

export interface AcmeQuestion {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  readonly body?: string;
}

/** One request to the authority. @throws AcmeError when there is no answer */
export type Ask = (question: AcmeQuestion, signal: AbortSignal) => Promise<AcmeAnswer>;

const MOST_BYTES = 1024 * 1024;
const LONGEST_MS = 30_000;

/** `authorities`: PEM of those that are trusted beside the usual ones; none: only the usual ones. */
export function askOver(authorities: readonly string[]): Ask {
  return ({ method, url, body }, signal) =>
    new Promise<AcmeAnswer>((resolve, reject) => {
      const failed = (cause: unknown) =>
        reject(new AcmeError(`${new URL(url).host} cannot be reached: ${(cause as Error).message}`, { cause }));
      const headers = body === undefined ? {} : { 'content-type': 'application/jose+json' };
      const trust = authorities.length === 0 ? {} : { ca: [...authorities] };
      const request = url.startsWith('http://') ? httpRequest : httpsRequest;
      const asking = request(url, { method, headers, timeout: LONGEST_MS, signal, ...trust }, response => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MOST_BYTES) response.destroy(new Error('its answer is too long'));
          else chunks.push(chunk);
        });
        response.on('error', failed);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            header: name => [response.headers[name]].flat()[0],
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      asking.on('timeout', () => asking.destroy(new Error('no answer within 30 s')));
      asking.on('error', failed);
      asking.end(body);
    });
}
