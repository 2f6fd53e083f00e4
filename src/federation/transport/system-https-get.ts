import { wholeBody } from './answer-body.ts';
import { Deadline } from './deadline.ts';
import type { HttpsGet } from './https-get.ts';
import { type HttpsParts, openHttps } from './https-stream.ts';

/** HTTPS by the same dialer as federation itself, on connections that are used once. */
export function systemHttpsGet(parts: HttpsParts): HttpsGet {
  return async (url, { maxBytes, timeoutMs }) => {
    using deadline = new Deadline(parts.clock, timeoutMs);
    const { response, socket } = await openHttps(parts, url, 'application/json', deadline);
    try {
      const body = await wholeBody(response, { maxBytes, idleMs: timeoutMs }, parts.clock);
      return { status: response.statusCode ?? 0, header: name => response.headers[name]?.toString(), body };
    } finally {
      socket.destroy();
    }
  };
}
