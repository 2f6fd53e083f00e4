import type { Front, FrontSettings } from '../../src/front/front.ts';
import type { FrontProcess } from '../../src/front/process.ts';
import type { Route } from '../../src/front/route.ts';
import { REQUEST_ROLES, type RequestRole } from '../../src/http/role.ts';

const MIB = 1024 * 1024;

/** A few paths of each kind, so that a new endpoint changes no golden file. */
export const FEW_ROUTES: readonly Route[] = [
  { path: '/_matrix/client/versions', role: 'client', routedBy: 'user', bodyLimit: MIB },
  {
    path: '/_matrix/client/v3/rooms/:roomId/send/:eventType/:txnId',
    role: 'client',
    routedBy: 'room',
    bodyLimit: MIB,
    isQuick: true,
  },
  { path: '/_matrix/client/v3/join/:roomIdOrAlias', role: 'client', routedBy: 'room', bodyLimit: MIB },
  { path: '/_matrix/client/v3/room_keys/keys', role: 'client', routedBy: 'user', bodyLimit: 16 * MIB },
  { path: '/_matrix/client/v3/sendToDevice/:eventType/:txnId', role: 'client', routedBy: 'user', bodyLimit: 4 * MIB },
  {
    path: '/_matrix/client/v3/sync',
    role: 'sync',
    routedBy: 'user',
    bodyLimit: MIB,
    without: { parameter: 'since', role: 'initial-sync' },
  },
  { path: '/_matrix/client/v1/media/download/:serverName/:mediaId', role: 'media', routedBy: 'any', bodyLimit: MIB },
  { path: '/_matrix/media/v3/upload', role: 'media', routedBy: 'any', bodyLimit: 50 * MIB },
  { path: '/_matrix/media/v3/upload/:serverName/:mediaId', role: 'media', routedBy: 'any', bodyLimit: 50 * MIB },
  { path: '/_matrix/federation/v1/send/:txnId', role: 'federation-in', routedBy: 'origin', bodyLimit: 12 * MIB },
  { path: '/_matrix/federation/v1/media/download/:mediaId', role: 'media', routedBy: 'any', bodyLimit: MIB },
  { path: '/_matrix/key/v2/server', role: 'federation-in', routedBy: 'origin', bodyLimit: MIB },
];

/** Where certificates lie; tests put a folder that there is in place of `/certificates`. */
export function certificateOf(host: string): { certificate: string; key: string } {
  return { certificate: `/certificates/${host}.pem`, key: `/certificates/${host}.pem.key` };
}

function settings(serverName: string, host: string, proxies: readonly string[] = []): FrontSettings {
  const other = { host: serverName, serves: 'well-known', ...certificateOf(serverName) } as const;
  return {
    names: [{ host, serves: 'everything', ...certificateOf(host) }, ...(serverName === host ? [] : [other])],
    addresses: ['0.0.0.0', '[::]'],
    httpsPort: 443,
    federationPort: 8448,
    plainPort: proxies.length > 0 ? 8080 : undefined,
    proxies,
    certificateOf,
  };
}

function board(number: number, roles: readonly RequestRole[], isDraining = false): FrontProcess {
  return { name: `b${number}`, roles, address: `10.77.0.${number}:8008`, isDraining };
}

/** What each of 24 boards does. */
function roleOf(number: number): RequestRole {
  if (number <= 11) return 'client';
  if (number <= 17) return 'sync';
  if (number === 18) return 'initial-sync';
  return number <= 21 ? 'media' : 'federation-in';
}

const numbers = (count: number) => Array.from({ length: count }, (_, at) => at + 1);
const wiki = { name: 'wiki', url: 'http://10.77.0.9:8080', host: 'wiki.example.org' };
const www = { name: 'www', url: 'https://10.77.0.10', host: 'example.org' };

/** One board, three that each do everything, and twenty-four, one of which is about to end. */
export const PLANS: Readonly<Record<string, Front>> = {
  '1-board': {
    routes: FEW_ROUTES,
    processes: [{ name: 'copse', roles: REQUEST_ROLES, address: '127.0.0.1:8008', isDraining: false }],
    services: [],
    settings: settings('example.org', 'example.org'),
  },
  '3-boards': {
    routes: FEW_ROUTES,
    processes: numbers(3).map(number => board(number, REQUEST_ROLES)),
    services: [wiki],
    settings: settings('example.org', 'matrix.example.org'),
  },
  '24-boards': {
    routes: FEW_ROUTES,
    processes: numbers(24).map(number => board(number, [roleOf(number)], number === 14)),
    services: [wiki, www],
    settings: settings('example.org', 'matrix.example.org', ['192.0.2.0/24', '2001:db8::/32']),
  },
};

/** The names of all certificates that a plan needs. */
export function hostsOf({ settings: { names }, services }: Front): readonly string[] {
  return [...new Set([...names, ...services].map(({ host }) => host))];
}
