import type { Clock, Timer } from '../../src/base/clock.ts';
import type { HttpsAnswer, HttpsGet } from '../../src/federation/transport/https-get.ts';
import {
  LookupError,
  type NameServer,
  type Resolver,
  type SrvRecord,
} from '../../src/federation/transport/resolver.ts';

export interface Page {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** DNS and web pages from tables, and a record of what was asked. What is in no table does not exist; 'silent' never answers. */
export class FakeInternet {
  readonly addresses: Record<string, readonly string[] | 'silent'> = {};
  readonly records: Record<string, readonly SrvRecord[] | 'silent'> = {};
  readonly pages: Record<string, Page | Error> = {};
  readonly asked: string[] = [];
  /** Certificate authorities that everybody believes, in PEM. */
  readonly known: string[] = [];
  readonly authorities = (): readonly string[] => this.known;

  readonly resolver: Resolver = {
    lookup: async host => {
      this.asked.push(`A ${host}`);
      return found(this.addresses[host], host) ?? fail('not_found', host);
    },
    srv: async name => {
      this.asked.push(`SRV ${name}`);
      return found(this.records[name], name) ?? [];
    },
  };

  /** Our name servers, each alone; those in `silent` say nothing. */
  readonly silent = new Set<string>();
  readonly nameServers = (): readonly NameServer[] =>
    ['192.0.2.53', '192.0.2.54'].map(address => ({
      address,
      resolver: this.silent.has(address)
        ? { lookup: async host => fail('no_answer', host), srv: async name => fail('no_answer', name) }
        : this.resolver,
    }));

  readonly get: HttpsGet = async (url): Promise<HttpsAnswer> => {
    this.asked.push(`GET ${url.href}`);
    const page = this.pages[url.href];
    if (page instanceof Error) throw page;
    const { status = 200, headers = {}, body = '' } = page ?? { status: 404 };
    return { status, header: name => headers[name], body: Buffer.from(body) };
  };

  page(url: string, page: Page | Error): void {
    this.pages[url] = page;
  }

  delegate(host: string, to: string, headers: Readonly<Record<string, string>> = {}): void {
    this.pages[`https://${host}/.well-known/matrix/server`] = { body: JSON.stringify({ 'm.server': to }), headers };
  }
}

function found<T>(entry: T | 'silent' | undefined, name: string): T | undefined {
  return entry === 'silent' ? fail('no_answer', name) : entry;
}

function fail(kind: LookupError['kind'], name: string): never {
  throw new LookupError(kind, kind === 'no_answer' ? `DNS did not answer for ${name}` : `${kind}: ${name}`);
}

/** A clock that stands still until it is told to go on; timers are real, so that nothing hangs for ever. */
export class SteppingClock implements Clock {
  #now = 1_700_000_000_000;

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): Timer {
    const timer = setTimeout(run, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}
