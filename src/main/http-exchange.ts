import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { Agent as HttpAgent, request as httpRequest } from '../base/node-http.ts';

/** Connections of one kind of receiver: those that others opened may lead where these must not be. */
export interface Agents {
  readonly http: InstanceType<typeof HttpAgent>;
  readonly https: HttpsAgent;
}

export function plainAgents(): Agents {
  return { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
}

export interface PlainRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** JSON. */
  readonly body?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** What of the answer is read, in bytes. */
  readonly mostAnswer: number;
}

export interface PlainAnswer {
  readonly status: number;
  readonly body: string;
  readonly retryAfterMs: number | undefined;
}

/** One request with JSON to a push gateway or an application service. Rejects when there is no answer. */
export function exchange(
  url: URL,
  { method, body, headers: more, mostAnswer }: PlainRequest,
  options: { readonly signal: AbortSignal; readonly lookup?: LookupFunction },
  agents: Agents,
): Promise<PlainAnswer> {
  const isTls = url.protocol === 'https:';
  const start = isTls ? httpsRequest : httpRequest;
  const agent = isTls ? agents.https : agents.http;
  const about =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const request = start(url, { method, headers: { ...about, ...more }, agent, ...options }, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > mostAnswer) response.destroy();
      });
      response.on('error', reject);
      response.on('close', () => {
        const after = Number(response.headers['retry-after']);
        resolve({
          status: response.statusCode ?? 0,
          body: text.slice(0, mostAnswer),
          retryAfterMs: Number.isFinite(after) ? after * 1000 : undefined,
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
