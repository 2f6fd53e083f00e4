import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout } from 'node:timers/promises';

/** As many connections as are asked for. */
const crowd = new Agent({ keepAlive: false });

export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  readonly token: string;
  readonly body?: string | Buffer;
  /** Reads the answer only after so many milliseconds, as a phone on a bad line does. */
  readonly readAfterMs?: number;
  /** Called when an answer begins, which is read once this resolves. */
  readonly readAfter?: () => Promise<void>;
  /** Called when all of the body but its last byte is sent, which follows once this resolves. */
  readonly endAfter?: () => Promise<void>;
}

/** How requests ended: by status, by `429 without retry_after_ms`, and by the code of a connection's error. */
export class Outcomes {
  readonly #counts = new Map<string, number>();

  count(outcome: string): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
  }

  of(outcome: string): number {
    return this.#counts.get(outcome) ?? 0;
  }

  /** What is neither an answer nor a refusal with the time to come back. */
  get wrong(): string[] {
    return [...this.#counts]
      .filter(([name]) => name !== '200' && name !== '429')
      .map(([name, count]) => `${count} x ${name}`);
  }

  get text(): string {
    return [...this.#counts].map(([name, count]) => `${count} x ${name}`).join(', ');
  }
}

/** Sends a request and answers how it ended; what an answer says is read and thrown away. */
export function send(base: string, call: Call, agent = crowd): Promise<string> {
  const { method, path, token, body, readAfterMs = 0, readAfter = () => setTimeout(readAfterMs), endAfter } = call;
  return new Promise(resolve => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
    };
    const sent = request(`${base}${path}`, { method, agent, headers }, async answer => {
      await readAfter();
      resolve(await readOutcome(answer));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    if (body === undefined || endAfter === undefined) sent.end(body);
    else sent.write(body.slice(0, -1), () => endAfter().then(() => sent.end(body.slice(-1))));
  });
}

async function readOutcome(answer: IncomingMessage): Promise<string> {
  let start = '';
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>)
      if (start.length < 1000) start += chunk.toString('latin1');
  } catch (error) {
    return `broken off: ${(error as NodeJS.ErrnoException).code}`;
  }
  const { statusCode } = answer;
  if (statusCode === 200) return '200';
  if (statusCode !== 429) return `${statusCode} ${start.slice(0, 100)}`;
  const { errcode, retry_after_ms: retry } = JSON.parse(start) as { errcode?: string; retry_after_ms?: number };
  return errcode === 'M_LIMIT_EXCEEDED' && typeof retry === 'number' ? '429' : '429 without retry_after_ms';
}

/**
 * Asks for next to nothing, again and again. On one connection, as a proxy does: of new ones libuv accepts one in each turn of
 * the event loop, so that they wait behind all that came before.
 */
export class Bystander {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #asking: Promise<void>;
  #longestMs = 0;
  #isOver = false;

  constructor(base: string, token: string) {
    this.#asking = this.#ask(base, token);
  }

  async #ask(base: string, token: string): Promise<void> {
    while (!this.#isOver) {
      const began = performance.now();
      await send(base, { method: 'GET', path: '/_matrix/client/versions', token }, this.#agent);
      this.#longestMs = Math.max(this.#longestMs, performance.now() - began);
      await setTimeout(100);
    }
  }

  /** Stops, and answers how long it had to wait at the most, in milliseconds. */
  async stop(): Promise<number> {
    this.#isOver = true;
    await this.#asking;
    this.#agent.destroy();
    return this.#longestMs;
  }
}
