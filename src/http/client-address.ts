import { BlockList, isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';

const lists = new WeakMap<readonly string[], BlockList>();

function listOf(ranges: readonly string[]): BlockList {
  let list = lists.get(ranges);
  if (list === undefined) {
    list = new BlockList();
    for (const range of ranges) {
      const [address = '', bits] = range.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      list.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
    }
    lists.set(ranges, list);
  }
  return list;
}

export function isTrusted(address: string, ranges: readonly string[]): boolean {
  return listOf(ranges).check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** IPv4 addresses arrive as `::ffff:a.b.c.d` on a dual-stack socket. */
export function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

/**
 * The address that rate limits and logs see: the socket's, or, when that is a trusted proxy, the rightmost address of
 * X-Forwarded-For that is not one. What a client writes into the header itself is never believed.
 */
export function clientAddress(request: FastifyRequest, trustedProxies: readonly string[]): string {
  let address = plain(request.raw.socket.remoteAddress ?? '');
  const header = request.headers['x-forwarded-for'];
  if (header === undefined || !isTrusted(address, trustedProxies)) return address;
  const hops = header.toString().split(',').reverse();
  for (const hop of hops) {
    const candidate = plain(hop.trim());
    if (candidate === '') break;
    address = candidate;
    if (!isTrusted(candidate, trustedProxies)) break;
  }
  return address;
}
