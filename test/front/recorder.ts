import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HEALTH_PATH } from '../../src/http/health.ts';

/** A request as it came to a process. */
export interface Recorded {
  readonly method: string;
  /** The bytes of the request line, as Latin-1. */
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly bodyBytes: number;
}

/** Stands for a process of Copse: writes down what reaches it, and answers with its name unless told otherwise. */
export class Recorder implements AsyncDisposable {
  readonly name: string;
  readonly seen: Recorded[] = [];
  answer: (response: ServerResponse, recorded: Recorded) => void;
  health = 200;
  readonly #server: Server;

  private constructor(name: string) {
    this.name = name;
    this.answer = response => this.sendName(response);
    this.#server = createServer({ keepAliveTimeout: 75_000, maxHeaderSize: 32_768 }, (request, response) => {
      if (request.url === HEALTH_PATH) response.writeHead(this.health).end();
      else void this.#record(request, response);
    });
  }

  static async open(name: string): Promise<Recorder> {
    const recorder = new Recorder(name);
    recorder.#server.listen(0, '127.0.0.1');
    await once(recorder.#server, 'listening');
    return recorder;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  sendName(response: ServerResponse): void {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ process: this.name }));
  }

  async #record(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: target = '', headers } = request;
    let bodyBytes = 0;
    try {
      for await (const piece of request) bodyBytes += (piece as Buffer).length;
    } catch {
      // Who sent it has gone, or was stopped on the way.
      return;
    }
    const recorded = { method, target, headers, bodyBytes };
    this.seen.push(recorded);
    this.answer(response, recorded);
  }

  /** Ends as a process does that drains: nothing new comes in, and what is under way has its answer. */
  async finish(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeIdleConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
