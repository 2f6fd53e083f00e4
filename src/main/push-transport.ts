import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { addressGuard } from '../base/address-guard.ts';
import { Agent as HttpAgent, request as httpRequest } from '../base/node-http.ts';
import type { PushAnswer, PushTransport } from '../push/ports.ts';

/** What of an answer is read, in bytes. */
const MOST_ANSWER = 65_536;

/** Connections of our own: those that others opened may lead where push gateways must not be. */
interface Agents {
  readonly http: InstanceType<typeof HttpAgent>;
  readonly https: HttpsAgent;
}

/** Posts to push gateways; those at private addresses only where these are allowed. */
export function pushTransport(allowed: readonly string[]): PushTransport {
  const guard = addressGuard(allowed);
  const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  return {
    async send(url, body, signal) {
      const target = new URL(url);
      guard.requireAllowed(target.hostname);
      return post(target, body, { signal, lookup: guard.lookup }, agents);
    },
  };
}

function post(
  url: URL,
  body: string,
  options: { signal: AbortSignal; lookup: LookupFunction },
  agents: Agents,
): Promise<PushAnswer> {
  const isTls = url.protocol === 'https:';
  const start = isTls ? httpsRequest : httpRequest;
  const agent = isTls ? agents.https : agents.http;
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const request = start(url, { method: 'POST', headers, agent, ...options }, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MOST_ANSWER) response.destroy();
      });
      response.on('error', reject);
      response.on('close', () => {
        const after = Number(response.headers['retry-after']);
        resolve({
          status: response.statusCode ?? 0,
          body: text.slice(0, MOST_ANSWER),
          retryAfterMs: Number.isFinite(after) ? after * 1000 : undefined,
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
