import { type Front, type Pool, poolsOf, presentRoles } from './front.ts';
import { nginxMaps, upstreamKey } from './nginx-maps.ts';
import { nginxServers } from './nginx-servers.ts';
import { type NginxVersion, USUAL_NGINX } from './nginx-version.ts';
import { poolName } from './pool-name.ts';
import { rulesFor } from './rules.ts';
import { block, fileWord, PATIENCE, sealLines } from './text.ts';

/** Connections to each process that each worker keeps open. */
const KEPT = 32;

/**
 * What stands inside of `http { }`, for a file of its own such as /etc/nginx/conf.d/copse.conf. The order of what was given
 * makes no difference. @throws FrontError
 */
export function nginxText(front: Front, version: NginxVersion = USUAL_NGINX): string {
  const pools = poolsOf(front);
  const rules = rulesFor(front.routes, presentRoles(pools));
  const lines = [
    '# Made by `copse front nginx`; what is changed here by hand is lost.',
    ...sealLines(front),
    ...pools.flatMap(upstream),
    ...nginxMaps(front, rules),
    ...nginxServers(front, version),
  ];
  return `${lines.join('\n')}\n`;
}

/** Where a whole nginx writes. */
export interface NginxPlaces {
  /** Its process ID. */
  readonly pid: string;
  /** What went wrong: a file, or `stderr`. */
  readonly errors: string;
  /** Large bodies, in folders that begin so. Undefined: where it was built to, which wants root. */
  readonly bodies?: string | undefined;
}

const USUAL_PLACES: NginxPlaces = { pid: '/run/nginx.pid', errors: '/var/log/nginx/error.log' };

/** A whole configuration for a machine where nginx does nothing else. */
export function wholeNginxText(front: Front, version?: NginxVersion, { pid, errors, bodies } = USUAL_PLACES): string {
  const lines = [
    'user www-data;',
    'worker_processes auto;',
    'worker_rlimit_nofile 65536;',
    'pcre_jit on;',
    '# Workers of before a reload end when the last that waits has its answer, or then.',
    `worker_shutdown_timeout ${PATIENCE.answer}s;`,
    `error_log ${fileWord(errors)};`,
    `pid ${fileWord(pid)};`,
    ...block('events', ['worker_connections 4096;']),
    ...block('http', [
      'server_tokens off;',
      ...placesOfBodies(bodies),
      ...nginxText(front, version).trimEnd().split('\n'),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

/** nginx makes all of them when it starts, whether it needs them or not. */
function placesOfBodies(bodies: string | undefined): string[] {
  if (bodies === undefined) return [];
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return kinds.map(kind => `${kind}_temp_path ${fileWord(`${bodies}.${kind}`)};`);
}

function upstream({ role, processes }: Pool): string[] {
  const name = poolName(role);
  const key = upstreamKey(role);
  // It takes no pool without a server; this one is never asked.
  const nobody = processes.length === 0 ? ['server 127.0.0.1:1 down; # nobody'] : [];
  const servers = processes.map(({ name, address, isDraining }) => {
    const state = isDraining ? 'down' : 'max_fails=3 fail_timeout=5s';
    return `server ${address} ${state}; # ${name}`;
  });
  return [
    '',
    ...block(`upstream ${name}`, [
      `zone ${name} 256k;`,
      key === undefined ? 'least_conn;' : `hash ${key} consistent;`,
      ...servers,
      ...nobody,
      `keepalive ${KEPT};`,
      `keepalive_timeout ${PATIENCE.idle}s;`,
    ]),
  ];
}
