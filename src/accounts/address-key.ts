import { isIPv6 } from 'node:net';

/**
 * The key under which an address is counted: an IPv4 address itself, of an IPv6 address its /64, since whoever has one
 * address there has all of them.
 */
export function addressKey(address: string): string {
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return address;
  const [head = '', tail] = plain.split('::');
  const first = groupsOf(head);
  const last = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: Math.max(8 - first.length - last.length, 0) }, () => '0');
  return `${[...first, ...zeros, ...last].slice(0, 4).join(':')}::/64`;
}

/** Hexadecimal groups without leading zeros. An IPv4 address at the end counts as two. */
function groupsOf(half: string): string[] {
  if (half === '') return [];
  return half
    .split(':')
    .flatMap(group => (group.includes('.') ? ['0', '0'] : [Number.parseInt(group, 16).toString(16)]));
}
