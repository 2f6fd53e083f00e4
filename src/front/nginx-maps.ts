import type { RequestRole } from '../http/role.ts';
import type { Front } from './front.ts';
import { poolName } from './pool-name.ts';
import { roomPrefix } from './route.ts';
import { ELSEWHERE, escaped, type Rule } from './rules.ts';
import { block } from './text.ts';

/** The variable that says which process of a role gets a request; undefined where any may. */
export function upstreamKey(role: RequestRole): string | undefined {
  if (role === 'media') return undefined;
  if (role === 'federation-in') return '$copse_origin';
  return role === 'client' ? '$copse_room_or_user' : '$copse_user';
}

/** Variables made of the request: where it goes, and what decides between the processes there. */
export function nginxMaps({ routes }: Front, rules: readonly Rule[]): string[] {
  const upstreams = rules.map(({ pattern, role }) => `"~${pattern}" ${poolName(role)};`);
  const prefixes = [...new Set(routes.filter(isByRoom).flatMap(({ path }) => roomPrefix(path) ?? []))].sort();
  // Decoded, so that one room is one key however a client writes it; the name of the room's server adds nothing.
  const rooms = prefixes.map(prefix => `"~^${escaped(prefix)}(?<copse_room_part>[^/:]+)" $copse_room_part;`);
  return [
    '',
    '# By the raw path: what is not listed goes to those who say that it is unknown.',
    ...block('map $request_uri $copse_upstream', [`default ${poolName(ELSEWHERE)};`, ...upstreams]),
    '',
    ...block('map $uri $copse_room', ['default "";', ...rooms]),
    ...block('map $http_authorization $copse_token', [
      'default $arg_access_token;',
      '"~*^Bearer +(?<copse_bearer>[^ ]+)" $copse_bearer;',
    ]),
    '# An application service acts for many.',
    ...block('map $copse_token $copse_user', ['default "$copse_token $arg_user_id";', '"" $remote_addr;']),
    ...block('map $copse_room $copse_room_or_user', ['default $copse_room;', '"" $copse_user;']),
    ...block('map $http_authorization $copse_origin', [
      'default $remote_addr;',
      '"~*^X-Matrix .*?origin=\\"?(?<copse_origin_part>[^\\",]+)" $copse_origin_part;',
    ]),
    ...block('map $http_upgrade $copse_connection', ['default upgrade;', '"" "";']),
  ];
}

function isByRoom({ routedBy }: Front['routes'][number]): boolean {
  return routedBy === 'room';
}
