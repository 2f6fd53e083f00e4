import { isIPv4, isIPv6 } from 'node:net';

/**
 * The key under which an address is counted: an IPv4 address itself, of an IPv6 address its /64, since whoever has one
 * address there has all of them.
 */
export function addressKey(address: string): string {
  const groups = groupsOfAddress(address);
  return groups === undefined ? address : `${groups.slice(0, 4).join(':')}::/64`;
}

/**
 * The key of the network around an address, in which whoever rents servers gets more of them: of IPv4 the /24, of IPv6
 * the /48.
 */
export function networkKey(address: string): string {
  if (isIPv4(address)) return `${address.split('.').slice(0, 3).join('.')}.0/24`;
  const groups = groupsOfAddress(address);
  return groups === undefined ? address : `${groups.slice(0, 3).join(':')}::/48`;
}

/** The eight groups of an IPv6 address; undefined for everything else. */
function groupsOfAddress(address: string): string[] | undefined {
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return undefined;
  const [head = '', tail] = plain.split('::');
  const first = groupsOf(head);
  const last = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: Math.max(8 - first.length - last.length, 0) }, () => '0');
  return [...first, ...zeros, ...last];
}

/** Hexadecimal groups without leading zeros. An IPv4 address at the end counts as two. */
function groupsOf(half: string): string[] {
  if (half === '') return [];
  return half
    .split(':')
    .flatMap(group => (group.includes('.') ? ['0', '0'] : [Number.parseInt(group, 16).toString(16)]));
}
