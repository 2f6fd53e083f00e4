import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certified } from '../support/certificates.ts';

/** Answers a request itself, or leaves it to the server behind. */
export type Answering = (asked: IncomingMessage, answer: ServerResponse) => boolean;

/** A proxy with TLS in front of a server, which can be made to do what bad ones do. */
export class Front implements AsyncDisposable {
  /** Answers instead of the server behind; false leaves it to that. */
  answering: Answering = () => false;
  /** What becomes of the path on the way. */
  path: (path: string) => string = path => path;
  /** What becomes of the header `Date` of an answer, in milliseconds. */
  dateOffset = 0;
  /** How long each answer takes. */
  delayMs = 0;
  /** Every request that came: method and path. */
  readonly seen: string[] = [];
  readonly #server: Server;
  readonly #upstream: () => string | undefined;

  private constructor(certified: Certified, upstream: () => string | undefined) {
    this.#upstream = upstream;
    this.#server = createServer({ cert: certified.certificate, key: certified.key }, (asked, answer) =>
      this.#handle(asked, answer),
    );
    this.#server.on('checkContinue', (asked, answer) => {
      if (this.#isAnswered(asked, answer)) return;
      answer.writeContinue();
      this.#pass(asked, answer);
    });
  }

  static async open(
    certified: Certified,
    upstream: () => string | undefined,
    host = '127.0.0.1',
    port = 0,
  ): Promise<Front> {
    const front = new Front(certified, upstream);
    front.#server.listen(port, host);
    await once(front.#server, 'listening');
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Another certificate from now on. */
  present(certified: Certified): void {
    this.#server.setSecureContext({ cert: certified.certificate, key: certified.key });
    this.#server.closeAllConnections();
  }

  #isAnswered(asked: IncomingMessage, answer: ServerResponse): boolean {
    this.seen.push(`${asked.method} ${asked.url}`);
    answer.setHeader('date', new Date(Date.now() + this.dateOffset).toUTCString());
    return this.answering(asked, answer);
  }

  #handle(asked: IncomingMessage, answer: ServerResponse): void {
    if (!this.#isAnswered(asked, answer)) this.#pass(asked, answer);
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    const upstream = this.#upstream();
    if (this.delayMs > 0) return void setTimeout(() => this.#send(upstream, asked, answer), this.delayMs);
    this.#send(upstream, asked, answer);
  }

  #send(upstream: string | undefined, asked: IncomingMessage, answer: ServerResponse): void {
    if (upstream === undefined) return void answer.writeHead(502).end('<h1>Bad Gateway</h1>');
    const { expect: _, ...headers } = asked.headers;
    const { hostname, port } = new URL(upstream);
    const passed = request(
      { hostname, port, method: asked.method, path: this.path(asked.url ?? ''), headers, agent: false },
      back => {
        const { date: __, ...rest } = back.headers;
        answer.writeHead(back.statusCode ?? 502, rest);
        back.pipe(answer);
      },
    );
    passed.on(
      'error',
      () => void (answer.headersSent ? answer.destroy() : answer.writeHead(502).end('<h1>Bad Gateway</h1>')),
    );
    asked.pipe(passed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
