import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { jsonIfValid } from '../../base/if-readable.ts';
import type { BoardReport } from '../boards/board.ts';
import type { BoardIdentity } from '../joining/board-folder.ts';
import { type HandedSettings, parseSettings } from '../joining/handed-settings.ts';
import { REPORT_PATH, SETTINGS_PATH } from '../joining/join-message.ts';
import type { Answer, Headquarters } from './headquarters.ts';
import { parseOrders } from './parse-orders.ts';

/** Who takes longer is passed over. */
const PATIENCE_MS = 3000;
const LARGEST_ANSWER = 1_048_576;

/** Besides the first one, so many are asked for one report: what is due is due every two seconds. */
const MOST_OTHERS = 3;

/** The certificate of a board and whose it is. */
type Credentials = Pick<BoardIdentity, 'board' | 'authority'>;

/** Reports by HTTPS to the cluster listeners of boards, with the certificate of this one. */
export class HttpsHeadquarters implements Headquarters, Disposable {
  readonly #identity: () => Credentials | undefined;
  #agent: Agent | undefined;
  /** Where among the others to begin: with the one that answered last, or behind those that did not. */
  #next = 0;

  /** `identity`: of this board; read again when nobody answered, as it may have joined anew. */
  constructor(identity: () => Credentials | undefined) {
    this.#identity = identity;
  }

  async report(report: BoardReport, addresses: readonly string[]): Promise<Answer> {
    const agent = this.#agent ?? this.#connect();
    if (agent === undefined) return silence('this board has no certificate of a cluster yet.');
    const [own, ...others] = addresses;
    const body = JSON.stringify(report);
    let last = own === undefined ? silence('this board knows of no other.') : await ask(own, body, agent);
    for (let tries = 0; tries < Math.min(MOST_OTHERS, others.length); tries++) {
      if (last.kind !== 'silence') return last;
      last = await ask(others[this.#next % others.length] as string, body, agent);
      if (last.kind === 'silence') this.#next = (this.#next + 1) % others.length;
    }
    if (last.kind === 'silence') this[Symbol.dispose]();
    return last;
  }

  async settings(number: number, addresses: readonly string[]): Promise<HandedSettings | undefined> {
    const agent = this.#agent ?? this.#connect();
    if (agent === undefined) return undefined;
    for (const address of addresses) {
      const found = await settingsOf(address, agent);
      if (found?.number === number) return found;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  #connect(): Agent | undefined {
    const identity = this.#identity();
    if (identity === undefined) return undefined;
    const { board, authority } = identity;
    const own = { cert: board.certificate, key: board.key, ca: authority.certificate };
    this.#agent = new Agent({
      ...{ ...own, minVersion: 'TLSv1.3', keepAlive: true },
      // Boards change their addresses. The authority certifies nothing but boards of this cluster, and each may answer.
      checkServerIdentity: () => undefined,
    });
    return this.#agent;
  }
}

function silence(reason: string): Answer {
  return { kind: 'silence', reason };
}

async function ask(address: string, body: string, agent: Agent): Promise<Answer> {
  try {
    const { status, text } = await exchange(`https://${address}${REPORT_PATH}`, agent, body);
    if (status === 403) return { kind: 'refused', reason: reasonIn(text) };
    const orders = status === 200 ? parseOrders(jsonIfValid(text)) : undefined;
    if (orders !== undefined) return { kind: 'orders', orders };
    return silence(status === 200 ? `${address} answers what is no order.` : `${address} answers ${status}.`);
  } catch (error) {
    return silence(`${address}: ${(error as Error).message}`);
  }
}

async function settingsOf(address: string, agent: Agent): Promise<HandedSettings | undefined> {
  try {
    const { status, text } = await exchange(`https://${address}${SETTINGS_PATH}`, agent);
    return status === 200 ? parseSettings(jsonIfValid(text)) : undefined;
  } catch {
    // Another one is asked.
    return undefined;
  }
}

/** With a body it is a POST. */
function exchange(url: string, agent: Agent, body?: string): Promise<{ status: number; text: string }> {
  const method = body === undefined ? 'GET' : 'POST';
  const headers =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent, method, headers, signal }, answer => {
      bounded(answer).then(text => resolve({ status: answer.statusCode ?? 0, text }), reject);
    });
    asking.on('error', error => reject(signal.aborted ? new Error('it does not answer.') : error));
    asking.end(body);
  });
}

async function bounded(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_ANSWER) throw new Error('its answer is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function reasonIn(text: string): string {
  const { error } = (jsonIfValid(text) ?? {}) as { readonly error?: unknown };
  return typeof error === 'string' ? error : 'the cluster does not know this board any more.';
}
