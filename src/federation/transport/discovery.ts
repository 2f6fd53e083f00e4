import { isIP } from 'node:net';
import type { Budget } from '../../base/budget.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { isResolvable, type ParsedServerName, parseServerName, type ServerName } from '../../core/ids.ts';
import { reasonOf, UnreachableError } from './errors.ts';
import type { HttpsGet } from './https-get.ts';
import { LookupError, type Resolver, type SrvRecord } from './resolver.ts';
import { orderSrv } from './srv-order.ts';
import { parseDelegation, type WellKnownFact, WellKnownLookup } from './well-known.ts';

export interface Target {
  /** An IP address, without brackets. */
  readonly address: string;
  readonly port: number;
}

export interface SrvFact {
  readonly what: 'srv';
  readonly name: string;
  readonly records: readonly SrvRecord[];
  readonly error: string | undefined;
}

export interface AddressFact {
  readonly what: 'addresses';
  readonly host: string;
  readonly addresses: readonly string[];
  readonly error: string | undefined;
}

/** What was asked and what was answered, in order: plain objects, from which the whole way can be told again. */
export type DiscoveryFact = WellKnownFact | SrvFact | AddressFact;

/** The step of "Resolving server names" in the server-server API that led to the addresses. */
export type Step = '1' | '2' | '3.1' | '3.2' | '3.3' | '3.4' | '3.5' | '4' | '5' | '6';

/** How to reach a server. */
export interface Route {
  readonly server: ServerName;
  readonly step: Step;
  /** In the order in which they are to be tried; at least one. */
  readonly targets: readonly Target[];
  /** The `Host` header. */
  readonly host: string;
  /** The DNS name (which is the SNI too) or the IP address that the certificate must be for. */
  readonly certName: string;
  readonly facts: readonly DiscoveryFact[];
}

export interface DiscoveryParts {
  readonly resolver: Resolver;
  readonly get: HttpsGet;
  readonly clock: Clock;
  readonly random: Random;
  readonly budget: Budget;
}

/** A server could not be found by its name. `facts` tell what was asked. */
export class DiscoveryError extends UnreachableError {
  readonly facts: readonly DiscoveryFact[];

  constructor(server: ServerName, stage: 'name' | 'dns', message: string, facts: readonly DiscoveryFact[]) {
    super(server, stage, message);
    this.name = 'DiscoveryError';
    this.facts = facts;
  }
}

const DEFAULT_PORT = 8448;
/** Addresses are asked for again after this long, or when none of them works. */
const ROUTE_MS = 5 * 60_000;
const MOST_SRV_TARGETS = 8;
const MOST_TARGETS = 16;

/** Finds where a server is (server-server API, "Resolving server names"). */
export class Discovery {
  readonly #parts: DiscoveryParts;
  readonly #wellKnown: WellKnownLookup;
  readonly #routes: ByteCache<{ readonly route: Route; readonly until: number }>;
  readonly #running = new Map<ServerName, Promise<Route>>();

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
    this.#routes = new ByteCache({
      name: 'federation_routes',
      budget: parts.budget,
      weight: 40,
      sizeOf: ({ route }) => 400 + 2 * JSON.stringify(route).length,
    });
    this.#wellKnown = new WellKnownLookup(parts);
  }

  /** @throws DiscoveryError */
  async resolve(server: ServerName): Promise<Route> {
    const known = this.#routes.get(server);
    if (known !== undefined && known.until > this.#parts.clock.now()) return known.route;
    const running = this.#running.get(server) ?? this.#find(server).finally(() => this.#running.delete(server));
    this.#running.set(server, running);
    return running;
  }

  /** No address of the route took a connection: all of it is looked up again, delegation not sooner than is polite. */
  forget(server: ServerName): void {
    this.#routes.delete(server);
    const parsed = parseServerName(server);
    if (parsed !== undefined) this.#wellKnown.doubt(parsed.host);
  }

  async #find(server: ServerName): Promise<Route> {
    const route = await new Search(this.#parts, this.#wellKnown, server).run();
    this.#routes.set(server, { route, until: this.#parts.clock.now() + ROUTE_MS });
    return route;
  }
}

/** One search for one server, which collects facts on its way. */
class Search {
  readonly #parts: DiscoveryParts;
  readonly #wellKnown: WellKnownLookup;
  readonly #server: ServerName;
  readonly #facts: DiscoveryFact[] = [];

  constructor(parts: DiscoveryParts, wellKnown: WellKnownLookup, server: ServerName) {
    this.#parts = parts;
    this.#wellKnown = wellKnown;
    this.#server = server;
  }

  async run(): Promise<Route> {
    const name = parseServerName(this.#server);
    if (name === undefined || !isResolvable(name)) throw this.#failure('name', 'this is no server name');
    // Step 1: an IP literal is the address itself.
    if (name.kind !== 'dns') return this.#literal('1', name);
    // Step 2: with an explicit port there is no delegation.
    if (name.port !== undefined) return this.#atPort('2', name, name.port);
    // Step 3: the host may delegate.
    const fact = await this.#wellKnown.lookup(name.host);
    this.#facts.push(fact);
    const delegated = fact.delegatedTo === undefined ? undefined : parseDelegation(fact.delegatedTo);
    // Steps 4 to 6: without a valid delegation the host itself is looked for.
    if (delegated === undefined) return this.#bySrv(name.host, ['4', '5', '6']);
    // Step 3.1: delegated to an IP literal.
    if (delegated.kind !== 'dns') return this.#literal('3.1', delegated);
    // Step 3.2: delegated to a host and port.
    if (delegated.port !== undefined) return this.#atPort('3.2', delegated, delegated.port);
    // Steps 3.3 to 3.5: delegated to a host alone.
    return this.#bySrv(delegated.host, ['3.3', '3.4', '3.5']);
  }

  #literal(step: Step, { host, port }: ParsedServerName): Route {
    const address = host.replace(/^\[|\]$/g, '');
    const hostHeader = port === undefined ? host : `${host}:${port}`;
    return this.#route(step, [{ address, port: port ?? DEFAULT_PORT }], hostHeader, address);
  }

  async #atPort(step: Step, { host }: ParsedServerName, port: number): Promise<Route> {
    return this.#route(step, await this.#targets(host, port), `${host}:${port}`, host);
  }

  /** An SRV record of the registered name, else one of the deprecated name, else the host at 8448. */
  async #bySrv(host: string, [registered, deprecated, none]: readonly [Step, Step, Step]): Promise<Route> {
    const services = [
      [registered, `_matrix-fed._tcp.${host}`],
      [deprecated, `_matrix._tcp.${host}`],
    ] as const;
    for (const [step, name] of services) {
      const records = await this.#srv(name);
      // The certificate is for the host, not for the record's target: DNS is not to be trusted with that.
      if (records.length > 0) return this.#route(step, await this.#srvTargets(records), host, host);
    }
    return this.#route(none, await this.#targets(host, DEFAULT_PORT), host, host);
  }

  /** DNS that does not answer counts as no record: many resolvers fail on SRV alone, and TLS decides in the end. */
  async #srv(name: string): Promise<readonly SrvRecord[]> {
    try {
      const records = await this.#parts.resolver.srv(name);
      this.#facts.push({ what: 'srv', name, records: records.slice(0, MOST_SRV_TARGETS), error: undefined });
      return records;
    } catch (error) {
      if (!(error instanceof LookupError)) throw error;
      this.#facts.push({ what: 'srv', name, records: [], error: error.message });
      return [];
    }
  }

  async #srvTargets(records: readonly SrvRecord[]): Promise<Target[]> {
    const usable = orderSrv(records, this.#parts.random).filter(isUsable).slice(0, MOST_SRV_TARGETS);
    const found = await Promise.allSettled(usable.map(({ name, port }) => this.#targets(name, port)));
    const targets = found.flatMap(each => (each.status === 'fulfilled' ? each.value : []));
    if (targets.length === 0) throw this.#failure('dns', 'its SRV records lead to no address');
    return targets;
  }

  async #targets(host: string, port: number): Promise<Target[]> {
    const fact = { what: 'addresses', host } as const;
    try {
      const addresses = (await this.#parts.resolver.lookup(host)).filter(address => isIP(address) !== 0);
      this.#facts.push({ ...fact, addresses: addresses.slice(0, MOST_TARGETS), error: undefined });
      if (addresses.length > 0) return addresses.map(address => ({ address, port }));
      throw this.#failure('dns', `${host} has no address`);
    } catch (error) {
      if (!(error instanceof LookupError)) throw error;
      this.#facts.push({ ...fact, addresses: [], error: error.message });
      throw this.#failure('dns', reasonOf(error));
    }
  }

  #route(step: Step, targets: readonly Target[], host: string, certName: string): Route {
    const facts = this.#facts;
    return { server: this.#server, step, targets: targets.slice(0, MOST_TARGETS), host, certName, facts };
  }

  #failure(stage: 'name' | 'dns', message: string): DiscoveryError {
    return new DiscoveryError(this.#server, stage, message, this.#facts);
  }
}

/** A target of `.` says that there is no such service (RFC 2782); one that is an address breaks the rules of DNS. */
function isUsable({ name, port }: SrvRecord): boolean {
  const parsed = parseServerName(name);
  return parsed?.kind === 'dns' && parsed.port === undefined && isResolvable(parsed) && port > 0 && port <= 65_535;
}
