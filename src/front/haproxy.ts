import { createHash } from 'node:crypto';
import { HEALTH_PATH } from '../http/health.ts';
import type { RequestRole } from '../http/role.ts';
import { type Front, type Pool, poolsOf, presentRoles } from './front.ts';
import { poolName } from './pool-name.ts';
import type { FrontProcess } from './process.ts';
import { roomPrefix } from './route.ts';
import { ELSEWHERE, type Rule, rulesFor } from './rules.ts';
import type { Service } from './services.ts';
import { ANSWERS, fileWord, indented, PATIENCE, sealLines } from './text.ts';

/** The admin socket through which servers are drained, added and taken away while it runs. */
export const HAPROXY_SOCKET = '/run/haproxy/copse.sock';

/** Where the word is that tells where a server is. */
const WELL_KNOWN = '/.well-known/matrix/';
const JSON_ANSWER = 'content-type application/json hdr Access-Control-Allow-Origin *';

/** A whole configuration: HAProxy has no parts. @throws FrontError */
export function haproxyText(front: Front, socket = HAPROXY_SOCKET): string {
  const pools = poolsOf(front);
  const rules = rulesFor(front.routes, presentRoles(pools));
  const lines = [
    '# Made by `copse front haproxy`; what is changed here by hand is lost.',
    ...sealLines(front),
    ...section('global', [
      `stats socket ${fileWord(socket)} mode 600 level admin`,
      '# Filters of a sync stand in its query.',
      'tune.bufsize 49152',
      'ssl-default-bind-options ssl-min-ver TLSv1.2',
    ]),
    ...section('defaults', DEFAULTS),
    ...section('frontend copse', frontend(front, rules)),
    ...pools.flatMap(backend),
    ...front.services.flatMap(serviceBackend),
  ];
  return `${lines.join('\n')}\n`;
}

function section(head: string, lines: readonly string[]): string[] {
  return ['', head, ...indented(lines)];
}

const DEFAULTS = [
  'mode http',
  `timeout connect ${PATIENCE.connect}s`,
  'timeout client 120s',
  `timeout server ${PATIENCE.answer}s`,
  'timeout http-request 30s',
  'timeout http-keep-alive 75s',
  'timeout queue 10s',
  'timeout tunnel 1h',
  `timeout check ${PATIENCE.connect}s`,
  '# Another process gets what was not sent yet; what is no POST also when the answer is missing.',
  'option redispatch 1',
  'retries 2',
  'retry-on conn-failure empty-response 503',
  ...([502, 503, 504] as const).map(
    status => `http-error status ${status} ${JSON_ANSWER} hdr Retry-After 5 string '${ANSWERS[502]}'`,
  ),
];

function frontend(front: Front, rules: readonly Rule[]): string[] {
  const { services, settings } = front;
  return [
    ...binds(front),
    `acl is_federation_port dst_port ${settings.federationPort}`,
    `acl is_well_known path_beg ${WELL_KNOWN}`,
    ...(settings.proxies.length === 0
      ? []
      : [`http-request set-src req.hdr_ip(X-Forwarded-For,-1) if { src ${settings.proxies.join(' ')} }`]),
    'http-request set-header X-Forwarded-For %[src]',
    'http-request set-header X-Forwarded-Proto https if { ssl_fc }',
    'http-request set-header X-Forwarded-Proto http if !{ ssl_fc }',
    'http-request disable-l7-retry if METH_POST',
    ...foreignNames(front),
    ...keys(front),
    '# Limits of bodies are left to the processes: they answer, and read on, where HAProxy would hang up.',
    '# By the raw path, the last that fits; what is not listed goes to those who say that it is unknown.',
    `http-request set-var(txn.role) str(${poolName(ELSEWHERE)})`,
    ...rules
      .toReversed()
      .map(
        ({ pattern, role }) => `http-request set-var(txn.role) str(${poolName(role)}) if { pathq -m reg '${pattern}' }`,
      ),
    ...services.map(service => toService(service, settings)),
    'use_backend %[var(txn.role)]',
  ];
}

function toService({ name, host }: Service, { names }: Front['settings']): string {
  const isOurs = names.some(each => each.host === host);
  const but = isOurs ? ' !is_federation_port !is_well_known' : '';
  return `use_backend service_${name} if { req.hdr(host),host_only -i ${host} }${but}`;
}

function binds({ settings, services }: Front): string[] {
  const hosts = services.filter(({ host }) => settings.names.every(name => name.host !== host));
  const files = [...settings.names, ...hosts.map(({ host }) => settings.certificateOf(host))];
  const certificates = [...new Set(files.map(({ certificate }) => `crt ${fileWord(certificate)}`))].join(' ');
  const { addresses, httpsPort, federationPort, plainPort } = settings;
  const bind = (port: number, how: string) =>
    addresses.map(address => `bind ${address}:${port}${address.startsWith('[') ? ' v6only' : ''}${how}`);
  const secure = [httpsPort, federationPort].flatMap(port => bind(port, ` ssl ${certificates} alpn h2,http/1.1`));
  return plainPort === undefined ? secure : [...secure, ...bind(plainPort, '')];
}

/** Where the server's name is another web site, there is only the word where the server is. */
function foreignNames({ settings, services }: Front): string[] {
  const names = settings.names.filter(
    ({ host, serves }) => serves === 'well-known' && services.every(service => service.host !== host),
  );
  return names.map(
    ({ host }) =>
      `http-request return status 404 ${JSON_ANSWER} string '${ANSWERS[404]}' if { req.hdr(host),host_only -i ${host} } !is_federation_port !is_well_known`,
  );
}

/** What decides between the processes of a role. The room is decoded, so that it is one however a client writes it. */
function keys({ routes }: Front): string[] {
  const prefixes = [
    ...new Set(routes.filter(({ routedBy }) => routedBy === 'room').flatMap(({ path }) => roomPrefix(path) ?? [])),
  ];
  const byDepth = Map.groupBy(prefixes.sort(), prefix => prefix.split('/').length);
  return [
    'http-request set-var(txn.user) src',
    'http-request set-var(txn.user) urlp(access_token) if { urlp(access_token) -m found }',
    'http-request set-var(txn.user) http_auth_bearer if { http_auth_bearer -m found }',
    '# An application service acts for many.',
    'http-request set-var-fmt(txn.user) "%[var(txn.user)] %[urlp(user_id)]" if { urlp(user_id) -m found }',
    'http-request set-var(txn.room_or_user) var(txn.user)',
    ...[...byDepth].map(([depth, at]) => {
      const room = `path,url_dec,field(${depth},/),field(1,:)`;
      return `http-request set-var(txn.room_or_user) ${room} if { path_beg ${at.join(' ')} }`;
    }),
    'http-request set-var(txn.origin) src',
    // One word in single quotes, since HAProxy takes a bare double quote for its own.
    `http-request set-var(txn.origin) 'req.fhdr(authorization),regsub("^X-Matrix .*origin=\\"?([^\\",]+).*","\\1",i)' if { req.fhdr(authorization) -m reg -i '^X-Matrix .*origin=' }`,
  ];
}

function backend({ role, processes }: Pool): string[] {
  const key = keyOf(role);
  return section(`backend ${poolName(role)}`, [
    ...(key === undefined
      ? ['balance leastconn']
      : [`balance hash var(txn.${key})`, 'hash-type consistent djb2 avalanche']),
    ...(role === 'sync' || role === 'initial-sync' ? [`timeout server ${PATIENCE.longPoll}s`] : []),
    'option httpchk',
    `http-check send meth GET uri ${HEALTH_PATH}`,
    'http-check expect status 200',
    ...processes.map(
      process => `server ${process.name} ${serverWords(process)}${process.isDraining ? ' disabled' : ''}`,
    ),
  ]);
}

function keyOf(role: RequestRole): string | undefined {
  if (role === 'media') return undefined;
  if (role === 'federation-in') return 'origin';
  return role === 'client' ? 'room_or_user' : 'user';
}

/** What stands behind the name of a server, in the file and when it is added later. The number decides what it gets. */
export function serverWords({ name, address }: FrontProcess): string {
  const id = (createHash('sha256').update(name).digest().readUInt32BE() % 0x7fff_fffe) + 1;
  return `${address} id ${id} check inter 2s fall 2 rise 1`;
}

function serviceBackend({ name, url }: Service): string[] {
  const { hostname, port, protocol } = new URL(url);
  const isTls = protocol === 'https:';
  const at = `${hostname}:${port === '' ? (isTls ? 443 : 80) : port}`;
  return section(`backend service_${name}`, [
    `timeout server ${PATIENCE.longPoll}s`,
    `server ${name} ${at}${isTls ? ' ssl verify none sni req.hdr(host),host_only' : ''}`,
  ]);
}
