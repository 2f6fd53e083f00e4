import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certified } from './certificates.ts';

/** One request as it came. */
export interface Seen {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (response: ServerResponse, seen: Seen) => void;

/** An HTTPS server on loopback that answers as told and remembers what it was asked. */
export class TlsPeer implements AsyncDisposable {
  readonly seen: Seen[] = [];
  connections = 0;
  answer: Answer = response => void response.end('{}');
  readonly #server: Server;

  private constructor(certified: Certified) {
    this.#server = createServer({ cert: certified.certificate, key: certified.key }, async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      const { method = '', url: target = '', headers } = request;
      const seen = { method, target, headers, body: Buffer.concat(pieces).toString() };
      this.seen.push(seen);
      this.answer(response, seen);
    });
    this.#server.on('secureConnection', () => this.connections++);
  }

  static async open(certified: Certified, host = '127.0.0.1'): Promise<TlsPeer> {
    const peer = new TlsPeer(certified);
    peer.#server.listen(0, host);
    await once(peer.#server, 'listening');
    return peer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Answers JSON to everything. */
  json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): void {
    this.answer = response => void response.writeHead(status, headers).end(JSON.stringify(body));
  }

  /** Connections that are open now. */
  openConnections(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
    );
  }

  closeConnections(): void {
    this.#server.closeAllConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
