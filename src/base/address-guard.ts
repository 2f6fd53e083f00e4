import { lookup } from 'node:dns';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';

/** Addresses that lead into networks of our own, to nobody, or to everybody (IANA's special-purpose registries). */
const PRIVATE = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  // `::`, `::1` and the old way to write an IPv4 address in IPv6; `::ffff:127.0.0.1` counts as the IPv4 address in it.
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

/** The address is not one that this server may connect to. */
export class ForbiddenAddressError extends Error {
  readonly address: string;

  constructor(address: string) {
    super(`${address} is a private address; allowed_private_addresses would have to list it`);
    this.name = 'ForbiddenAddressError';
    this.address = address;
  }
}

/**
 * Keeps connections whose target somebody else names out of private networks. Both halves are needed: Node asks no
 * `lookup` where the host is an address. Connections must not come from a pool that is shared with less strict callers.
 */
export interface AddressGuard {
  /** For `net.connect` and `http.request`: the address that was checked is the one connected to. */
  readonly lookup: LookupFunction;
  /** Checks a URL's hostname where it is an address, with or without brackets. @throws ForbiddenAddressError */
  requireAllowed(hostname: string): void;
}

/** `allowed`: addresses and ranges in CIDR notation that may be connected to all the same. */
export function addressGuard(allowed: readonly string[]): AddressGuard {
  const refused = listOf(PRIVATE);
  const excepted = listOf(allowed);
  const check = (address: string) => {
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (refused.check(address, family) && !excepted.check(address, family)) throw new ForbiddenAddressError(address);
  };
  return {
    requireAllowed(hostname) {
      const address = hostname.replace(/^\[|\]$/g, '');
      if (isIP(address) !== 0) check(address);
    },
    lookup: guardedLookup(check),
  };
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    list.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
  }
  return list;
}

/** Checks at the moment of connecting, so that a name cannot point elsewhere in between. One bad address refuses all. */
function guardedLookup(check: (address: string) => void): LookupFunction {
  return (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, '', 0);
      try {
        for (const { address } of addresses) check(address);
      } catch (refusal) {
        return done(refusal as NodeJS.ErrnoException, '', 0);
      }
      if (options.all === true) return done(null, addresses);
      return done(null, addresses[0]?.address ?? '', addresses[0]?.family ?? 4);
    });
  };
}
