import { lookup } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';
import type { PushAnswer, PushTransport } from '../push/ports.ts';

/** What of an answer is read, in bytes. */
const MOST_ANSWER = 65_536;

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
  '::/127',
  '64:ff9b::/96',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
];

/** The address is not one that this server may connect to. */
class ForbiddenAddressError extends Error {
  readonly address: string;
  constructor(address: string) {
    super(`${address} is a private address; allowed_private_addresses would have to list it`);
    this.name = 'ForbiddenAddressError';
    this.address = address;
  }
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

/** Refuses addresses at the moment of connecting, so that a name cannot point elsewhere in between. */
function guardedLookup(allowed: readonly string[]): { lookup: LookupFunction; check: (host: string) => void } {
  const refused = listOf(PRIVATE);
  const excepted = listOf(allowed);
  const check = (address: string) => {
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (refused.check(address, family) && !excepted.check(address, family)) throw new ForbiddenAddressError(address);
  };
  return {
    check: host => {
      if (isIP(host) !== 0) check(host);
    },
    lookup: (host, options, done) => {
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
    },
  };
}

/** Posts to push gateways; those at private addresses only where these are allowed. */
export function pushTransport(allowed: readonly string[]): PushTransport {
  const guard = guardedLookup(allowed);
  return {
    send(url, body, signal) {
      const target = new URL(url);
      guard.check(target.hostname.replace(/^\[|\]$/g, ''));
      return post(target, body, { signal, lookup: guard.lookup });
    },
  };
}

function post(url: URL, body: string, options: { signal: AbortSignal; lookup: LookupFunction }): Promise<PushAnswer> {
  const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const request = start(url, { method: 'POST', headers, ...options }, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MOST_ANSWER) response.destroy();
      });
      response.on('error', reject);
      response.on('close', () => {
        const after = Number(response.headers['retry-after']);
        resolve({
          status: response.statusCode ?? 0,
          body: text.slice(0, MOST_ANSWER),
          retryAfterMs: Number.isFinite(after) ? after * 1000 : undefined,
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
