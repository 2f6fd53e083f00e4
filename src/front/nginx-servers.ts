import { DEFAULT_BODY_LIMIT } from '../http/endpoint.ts';
import type { Front, PublicName } from './front.ts';
import { patternsOf, type Treatment, treatmentsOf } from './limits.ts';
import { hasHttp2Line, type NginxVersion } from './nginx-version.ts';
import type { Service } from './services.ts';
import { ANSWERS, block, fileWord, PATIENCE, sizeWord } from './text.ts';

const WELL_KNOWN = '/.well-known/matrix/';
/** Never with a path behind it: nginx would send on its own decoded version of the path. */
const PASS = 'proxy_pass http://$copse_upstream;';

/** A `server` for each name and what it is for. */
export function nginxServers(front: Front, version: NginxVersion): string[] {
  const { names, federationPort, httpsPort, plainPort } = front.settings;
  const everything = everythingOf(front);
  const own = names.flatMap(name => {
    const isAll = name.serves === 'everything';
    const ports = isAll ? [httpsPort, federationPort] : [federationPort];
    const plain = isAll ? plainPort : undefined;
    const all = server(front, name, { ports, plain, version, inside: everything });
    return isAll
      ? all
      : [...server(front, name, { ports: [httpsPort], version, inside: onlyWord(front, name) }), ...all];
  });
  const elsewhere = front.services.filter(({ host }) => names.every(name => name.host !== host));
  const services = elsewhere.flatMap(service =>
    server(
      front,
      { host: service.host, ...front.settings.certificateOf(service.host) },
      {
        ports: [httpsPort],
        version,
        inside: block('location /', passTo(service)),
      },
    ),
  );
  return [...own, ...services];
}

interface Inside {
  /** With TLS. */
  readonly ports: readonly number[];
  /** Without. */
  readonly plain?: number | undefined;
  readonly version: NginxVersion;
  readonly inside: readonly string[];
}

function server({ settings }: Front, name: Omit<PublicName, 'serves'>, more: Inside): string[] {
  const { ports, plain, version, inside } = more;
  const isNew = hasHttp2Line(version);
  const listen = (port: number, how: string) => settings.addresses.map(address => `listen ${address}:${port}${how};`);
  return [
    '',
    ...block('server', [
      ...ports.flatMap(port => listen(port, isNew ? ' ssl' : ' ssl http2')),
      ...(plain === undefined ? [] : listen(plain, '')),
      ...(isNew ? ['http2 on;'] : []),
      `server_name ${name.host};`,
      `ssl_certificate ${fileWord(name.certificate)};`,
      `ssl_certificate_key ${fileWord(name.key)};`,
      'ssl_protocols TLSv1.2 TLSv1.3;',
      'ssl_session_cache shared:copse:4m;',
      'merge_slashes off;',
      '# Lesser lines would have requests in them, with what stands in their queries.',
      'error_log stderr crit;',
      'access_log off;',
      '# Filters of a sync stand in its query.',
      'large_client_header_buffers 4 32k;',
      ...settings.proxies.map(range => `set_real_ip_from ${range};`),
      ...(settings.proxies.length === 0 ? [] : ['real_ip_header X-Forwarded-For;', 'real_ip_recursive on;']),
      ...PROXYING,
      ...inside,
    ]),
  ];
}

/** Raw paths, the host as it was asked for, and the address of who asked in place of what they say it is. */
const PROXYING = [
  'proxy_http_version 1.1;',
  'proxy_set_header Connection "";',
  'proxy_set_header Host $http_host;',
  'proxy_set_header X-Forwarded-For $remote_addr;',
  'proxy_set_header X-Forwarded-Proto $scheme;',
  'proxy_redirect off;',
  `proxy_connect_timeout ${PATIENCE.connect}s;`,
  `proxy_read_timeout ${PATIENCE.answer}s;`,
  '# Another process gets what was not sent yet, and GET, PUT and DELETE: those may be done twice.',
  'proxy_next_upstream error timeout http_503;',
  'proxy_next_upstream_tries 3;',
  `proxy_next_upstream_timeout ${PATIENCE.retry}s;`,
  '# Answers wait in memory or where they are made, never on the disk.',
  'proxy_buffers 16 16k;',
  'proxy_buffer_size 16k;',
  'proxy_max_temp_file_size 0;',
];

function everythingOf({ routes, processes }: Front): string[] {
  const hasOthers = processes.filter(({ roles }) => roles.includes('client')).length > 1;
  const treatments = treatmentsOf(hasOthers ? routes : routes.map(route => ({ ...route, isQuick: false })));
  return [
    `client_max_body_size ${sizeWord(DEFAULT_BODY_LIMIT)};`,
    `client_body_buffer_size ${sizeWord(DEFAULT_BODY_LIMIT)};`,
    'error_page 413 @copse_too_large;',
    'error_page 502 504 @copse_silent;',
    ...answer('@copse_too_large', 413, []),
    ...answer('@copse_silent', 502, ['add_header Retry-After 5 always;']),
    ...treatments.flatMap(treated),
    ...block('location /', [PASS]),
  ];
}

/** Decoded paths are looked at here, so a parameter may have slashes in it. It only decides on limits. */
function treated({ bodyLimit, isLongPoll, isQuick, paths }: Treatment): string[] {
  const inside = [
    ...(bodyLimit > DEFAULT_BODY_LIMIT
      ? [`client_max_body_size ${sizeWord(bodyLimit)};`, 'proxy_request_buffering off;']
      : []),
    ...(isLongPoll ? [`proxy_read_timeout ${PATIENCE.longPoll}s;`] : []),
    ...(isQuick ? [`proxy_read_timeout ${PATIENCE.quick}s;`] : []),
    PASS,
  ];
  return patternsOf(paths, '.*').flatMap(pattern => block(`location ~ "${pattern}"`, inside));
}

function answer(name: string, status: keyof typeof ANSWERS, more: readonly string[]): string[] {
  return block(`location ${name}`, [
    'default_type application/json;',
    '# Browsers show the answers of others only with it.',
    'add_header Access-Control-Allow-Origin * always;',
    ...more,
    `return ${status} '${ANSWERS[status]}';`,
  ]);
}

/** The server's name where something else lives, or nothing: it tells where the server is. */
function onlyWord({ services }: Front, { host }: PublicName): string[] {
  const service = services.find(each => each.host === host);
  const rest =
    service === undefined
      ? block('location /', ['default_type application/json;', `return 404 '${ANSWERS[404]}';`])
      : block('location /', passTo(service));
  return [...block(`location ^~ ${WELL_KNOWN}`, [PASS]), ...rest];
}

function passTo({ url }: Service): string[] {
  return [
    'client_max_body_size 0;',
    'proxy_request_buffering off;',
    'proxy_buffering off;',
    `proxy_read_timeout ${PATIENCE.longPoll}s;`,
    'proxy_set_header Host $http_host;',
    'proxy_set_header X-Forwarded-For $remote_addr;',
    'proxy_set_header X-Forwarded-Proto $scheme;',
    'proxy_set_header Upgrade $http_upgrade;',
    'proxy_set_header Connection $copse_connection;',
    ...(url.startsWith('https:') ? ['proxy_ssl_server_name on;'] : []),
    `proxy_pass ${url};`,
  ];
}
