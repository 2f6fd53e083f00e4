import { promises as dns } from 'node:dns';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { LookupError, type NameServer, type Resolver } from './resolver.ts';

const HOSTS_FILE = '/etc/hosts';
const NAME_SERVERS_FILE = '/etc/resolv.conf';
/** For each of two tries and each name server; a room of thousands of servers has dozens with dead DNS. */
const TIMEOUT_MS = 3000;

/**
 * The machine's DNS. Not by `getaddrinfo`, which Node runs on two threads at most: a few names whose servers are dead
 * would hold up all others. What it would read beside DNS, the hosts file, is read here.
 */
export function systemResolver(): Resolver {
  const hosts = hostsFile(HOSTS_FILE);
  // A resolver knows the name servers of the moment in which it was made, and those of a board change with its network.
  const resolver = madeFrom(NAME_SERVERS_FILE, () => new dns.Resolver({ timeout: TIMEOUT_MS, tries: 2 }));
  const byDns = resolverOver(resolver);
  return {
    async lookup(host) {
      const fixed = hosts(host);
      return fixed.length > 0 ? fixed : byDns.lookup(host);
    },
    srv: byDns.srv,
  };
}

/** The name servers of the machine, each alone: by all together one that is dead does not show. */
export function systemNameServers(): readonly NameServer[] {
  return new dns.Resolver().getServers().map(address => {
    const alone = new dns.Resolver({ timeout: TIMEOUT_MS, tries: 1 });
    alone.setServers([address]);
    return { address, resolver: resolverOver(() => alone) };
  });
}

function resolverOver(resolver: () => InstanceType<typeof dns.Resolver>): Resolver {
  return {
    async lookup(host) {
      const both = [resolver().resolve6(host), resolver().resolve4(host)];
      const answers = await Promise.allSettled(both);
      const addresses = answers.flatMap(each => (each.status === 'fulfilled' ? each.value : []));
      if (addresses.length > 0) return addresses;
      throw lookupError(
        host,
        answers.flatMap(each => (each.status === 'rejected' ? [each.reason] : [])),
      );
    },
    async srv(name) {
      try {
        return await resolver().resolveSrv(name);
      } catch (error) {
        const failure = lookupError(name, [error]);
        if (failure.kind === 'not_found') return [];
        throw failure;
      }
    },
  };
}

/** DNS says that there is none only when it says so for both families. */
function lookupError(name: string, reasons: readonly unknown[]): LookupError {
  const codes = reasons.map(reason => (reason as NodeJS.ErrnoException).code ?? 'unknown');
  const isAbsent = codes.every(code => code === 'ENOTFOUND' || code === 'ENODATA');
  const text = isAbsent
    ? `DNS knows no such record for ${name}`
    : `DNS did not answer for ${name} (${codes.join(', ')})`;
  return new LookupError(isAbsent ? 'not_found' : 'no_answer', text, reasons[0]);
}

/** Looks names up in a hosts file. A machine without one has no fixed names. */
export function hostsFile(path: string): (host: string) => readonly string[] {
  const table = madeFrom(path, () => parseHosts(existsSync(path) ? readFileSync(path, 'utf8') : ''));
  return host => table().get(host.toLowerCase()) ?? [];
}

/** What is made out of a file, made again when the file has changed; asking costs one `stat`. */
function madeFrom<T>(path: string, make: () => T): () => T {
  let made: { readonly stamp: number | undefined; readonly value: T } | undefined;
  return () => {
    const stamp = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (made === undefined || made.stamp !== stamp) made = { stamp, value: make() };
    return made.value;
  };
}

function parseHosts(text: string): Map<string, string[]> {
  const table = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names.map(each => each.toLowerCase())) table.set(name, [...(table.get(name) ?? []), address]);
  }
  return table;
}
