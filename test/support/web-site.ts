import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Page = (response: ServerResponse, request: IncomingMessage) => void;

/** A web server on a loopback address whose pages tests make up; it counts how often each was asked for. */
export class WebSite implements AsyncDisposable {
  readonly #server = createServer((request, response) => this.#answer(request, response));
  readonly #pages = new Map<string, Page>();
  readonly hits = new Map<string, number>();
  readonly #host: string;

  private constructor(host: string) {
    this.#host = host;
  }

  static async open(host = '127.0.0.1'): Promise<WebSite> {
    const site = new WebSite(host);
    site.#server.listen(0, host);
    await once(site.#server, 'listening');
    return site;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.hits.set(path, (this.hits.get(path) ?? 0) + 1);
    const page = this.#pages.get(path);
    if (page === undefined) response.writeHead(404).end();
    else page(response, request);
  }

  /** Serves a page and answers its URL. */
  page(path: string, page: Page): string {
    this.#pages.set(path, page);
    return this.url(path);
  }

  html(path: string, html: string): string {
    return this.page(path, response => response.setHeader('content-type', 'text/html; charset=utf-8').end(html));
  }

  url(path: string): string {
    return `http://${this.#host}:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
