import { getObject, getString, type JsonObject } from '../core/json.ts';
import { invalidParam, MatrixError } from '../core/matrix-error.ts';
import { utf8Length } from '../core/utf8.ts';
import type { PusherInput } from './pushers.table.ts';

/** The path that gateways have (push gateway API, `/notify`). */
const GATEWAY_PATH = '/_matrix/push/v1/notify';
const MOST_NAME_LENGTH = 512;
const MOST_DATA_LENGTH = 8 * 1024;

/** `app_id` and `pushkey`. @throws MatrixError M_MISSING_PARAM, M_INVALID_PARAM */
export function parsePusherKey(body: JsonObject): { readonly appId: string; readonly pushkey: string } {
  const appId = required(body, 'app_id');
  const pushkey = required(body, 'pushkey');
  if ([...appId].length > 64) throw invalidParam('app_id may have 64 characters.');
  if (utf8Length(pushkey) > 512) throw invalidParam('pushkey may have 512 bytes.');
  return { appId, pushkey };
}

/** A pusher that is to be made or changed. @throws MatrixError M_MISSING_PARAM, M_INVALID_PARAM */
export function parsePusher(body: JsonObject): PusherInput {
  const key = parsePusherKey(body);
  const kind = getString(body, 'kind');
  if (kind === 'email') throw invalidParam('This server does not send notifications by mail.');
  if (kind !== 'http') throw invalidParam('The kind of a pusher must be "http" or null.');
  const data = getObject(body, 'data');
  const missing = ['app_display_name', 'device_display_name', 'lang'].filter(
    name => getString(body, name) === undefined,
  );
  if (data === undefined) missing.push('data');
  if (data === undefined || missing.length > 0)
    throw new MatrixError('M_MISSING_PARAM', `Missing parameters: ${missing.join(', ')}`);
  if (JSON.stringify(data).length > MOST_DATA_LENGTH) throw invalidParam('The data of a pusher is too long.');
  return {
    ...key,
    kind,
    appDisplayName: required(body, 'app_display_name'),
    deviceDisplayName: required(body, 'device_display_name'),
    profileTag: body.profile_tag === undefined || body.profile_tag === null ? undefined : required(body, 'profile_tag'),
    lang: required(body, 'lang'),
    data,
    host: gatewayHost(getString(data, 'url')),
  };
}

function required(body: JsonObject, name: string): string {
  const value = getString(body, name);
  if (value === undefined) throw new MatrixError('M_MISSING_PARAM', `Missing parameters: ${name}`);
  if (value.length > MOST_NAME_LENGTH) throw invalidParam(`${name} may have ${MOST_NAME_LENGTH} characters.`);
  return value;
}

/** "MUST be an HTTPS URL with a path of /_matrix/push/v1/notify" (postPusher). */
function gatewayHost(text: string | undefined): string {
  if (text === undefined) throw new MatrixError('M_MISSING_PARAM', 'Missing parameters: data.url');
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'https:')
    throw invalidParam('The URL of a push gateway must begin with https://.');
  if (url.pathname !== GATEWAY_PATH)
    throw invalidParam(`The URL of a push gateway must have the path ${GATEWAY_PATH}.`);
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    throw invalidParam('The URL of a push gateway may hold no user name, password or fragment.');
  return url.host;
}
