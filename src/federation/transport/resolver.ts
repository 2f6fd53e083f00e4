export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** DNS as a parameter: the system's in production, a table in simulated worlds. */
export interface Resolver {
  /** The IPv4 and IPv6 addresses of a host, at least one. @throws LookupError */
  lookup(host: string): Promise<readonly string[]>;
  /** The SRV records of a name; none is an empty list. @throws LookupError when DNS gave no answer */
  srv(name: string): Promise<readonly SrvRecord[]>;
}

/** One of the name servers of the machine, asked alone. */
export interface NameServer {
  readonly address: string;
  readonly resolver: Resolver;
}

/** `not_found`: DNS says there is none. `no_answer`: DNS said nothing (timeout, SERVFAIL), so there may be one. */
export class LookupError extends Error {
  readonly kind: 'not_found' | 'no_answer';

  constructor(kind: LookupError['kind'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'LookupError';
    this.kind = kind;
  }
}
