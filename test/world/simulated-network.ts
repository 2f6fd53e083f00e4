import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { ServerName } from '../../src/core/ids.ts';
import type { Carry } from '../../src/federation/transport/federation-client.ts';
import type { HttpServer } from '../../src/http/server.ts';
import type { Chronicle } from './chronicle.ts';
import { DeliveryRecord } from './delivery-record.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimulatedTime } from './simulated-clock.ts';

/** How likely each fault is, for each request. */
export interface Faults {
  /** The request does not arrive. */
  readonly lost: number;
  /** The request is carried out, its answer does not arrive. */
  readonly unanswered: number;
  /** The request arrives twice. */
  readonly doubled: number;
  /** The answer is an error of a proxy. */
  readonly broken: number;
  /** The longest time that a request travels, in milliseconds. */
  readonly delayMs: number;
}

export const NO_FAULTS: Faults = { lost: 0, unanswered: 0, doubled: 0, broken: 0, delayMs: 5 };

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

type Sent = Parameters<Carry>[1];

/** What lies between the servers of a world. A server that is not attached does not answer. */
export class SimulatedNetwork {
  faults: Faults = NO_FAULTS;
  /** What happened, for a run that failed. */
  readonly counts = { requests: 0, lost: 0, unanswered: 0, doubled: 0, broken: 0, cut: 0 };
  readonly deliveries = new DeliveryRecord();
  readonly #time: SimulatedTime;
  readonly #random: SeededRandom;
  readonly #chronicle: Chronicle;
  readonly #servers = new Map<string, HttpServer>();
  #sides = new Map<string, number>();
  /** From whom to whom nothing comes through: `a>b`. */
  readonly #cut = new Set<string>();

  constructor(time: SimulatedTime, random: SeededRandom, chronicle: Chronicle) {
    this.#time = time;
    this.#random = random;
    this.#chronicle = chronicle;
  }

  attach(name: string, server: HttpServer): void {
    this.#servers.set(name, server);
  }

  detach(name: string): void {
    this.#servers.delete(name);
  }

  /** Cuts the network into sides that do not reach each other. */
  partition(sides: readonly (readonly string[])[]): void {
    this.#sides = new Map(sides.flatMap((names, side) => names.map(name => [name, side])));
  }

  /** Cuts one way between two servers; the other one stays open. */
  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  heal(): void {
    this.#sides = new Map();
    this.#cut.clear();
    this.faults = NO_FAULTS;
  }

  /** The network as one life of a server sees it. `remembers`: whether it can keep that something has arrived. */
  carryFor(origin: string, signal: AbortSignal, remembers = () => true): Carry {
    return async (destination, sent, aborted) => {
      const answer = await Promise.race([this.#travel(origin, destination, sent, signal), rejected(aborted)]);
      if (answer.status === 200 && sent.body !== undefined && sent.uri.startsWith('/_matrix/federation/v1/send/'))
        this.deliveries.note(remembers() ? signal : undefined, origin, destination, { uri: sent.uri, body: sent.body });
      sent.onConnected();
      return messageOf(answer);
    };
  }

  async #travel(origin: string, destination: ServerName, sent: Sent, life: AbortSignal): Promise<Answer> {
    const { faults } = this;
    const draw = (name: 'lost' | 'unanswered' | 'doubled' | 'broken') => {
      const happens = this.#random.chance(faults[name]);
      if (happens) this.counts[name]++;
      return happens;
    };
    this.counts.requests++;
    this.#chronicle.note(
      `${this.#time.now} ${origin} asks ${destination} ${sent.method} ${sent.uri} ${sent.body ?? ''}`,
    );
    const fate = {
      lost: draw('lost'),
      unanswered: draw('unanswered'),
      doubled: draw('doubled'),
      broken: draw('broken'),
    };
    await this.#pass(1 + this.#random.fraction() * faults.delayMs);
    if (fate.lost) return never(life);
    if (fate.broken)
      return { status: 502, headers: { 'content-type': 'text/html' }, body: Buffer.from('<h1>Bad</h1>') };
    const again = () => void this.#deliver(origin, destination, sent).catch(() => {});
    // The same request twice: at once, or when the first one has been answered.
    if (fate.doubled && this.#random.chance(0.5)) again();
    else if (fate.doubled) this.#later(faults.delayMs * 2, again);
    const answer = await this.#deliver(origin, destination, sent);
    await this.#pass(1 + this.#random.fraction() * faults.delayMs);
    if (fate.unanswered) return never(life);
    return answer;
  }

  async #deliver(origin: string, destination: ServerName, sent: Sent): Promise<Answer> {
    const server = this.#servers.get(destination);
    const isCut =
      this.#cut.has(`${origin}>${destination}`) ||
      (this.#sides.get(origin) ?? 0) !== (this.#sides.get(destination) ?? 0);
    if (server === undefined || isCut) {
      this.counts.cut++;
      throw Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
    }
    this.#time.activity++;
    const response = await server.app.inject({
      method: sent.method as 'GET',
      url: sent.uri,
      headers: { host: destination, ...sent.headers },
      ...(sent.body === undefined ? {} : { payload: sent.body }),
    });
    this.#time.activity++;
    const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
    const { statusCode: status, rawPayload: body } = response;
    this.#chronicle.note(`${this.#time.now} ${destination} answers ${origin} ${sent.uri} ${status} ${body}`);
    return { status, headers, body };
  }

  #pass(ms: number): Promise<void> {
    return new Promise(resolve => this.#time.after(ms, resolve));
  }

  #later(ms: number, run: () => void): void {
    this.#time.after(1 + this.#random.fraction() * ms, run);
  }
}

/** No answer comes: the asker's own deadline ends the wait, or its life does. */
function never(life: AbortSignal): Promise<never> {
  return rejected(life);
}

/** Never resolves. */
export function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** The answer as Node's HTTP client would give it. */
function messageOf({ status, headers, body }: Answer): IncomingMessage {
  const stream = Readable.from(body.length === 0 ? [] : [body], { objectMode: false });
  return Object.assign(stream, { statusCode: status, statusMessage: '', headers }) as unknown as IncomingMessage;
}
