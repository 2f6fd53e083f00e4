import type { ServerName } from '../../../core/ids.ts';
import { getString, isObject } from '../../../core/json.ts';
import type { DiscoveryParts, Target } from '../../transport/discovery.ts';
import { reasonOf } from '../../transport/errors.ts';
import { ECHO_HEADER, ECHO_PATH } from '../echoes.ts';
import type { BodyFacts, EchoFacts, FrontFacts, PlaceFacts, ServedPathFacts } from '../facts.ts';
import { listedKeys } from './keys.ts';
import { type Addressee, answerTo, gatherPlaces, jsonOf, type Way } from './places.ts';
import { ask, type ConnectionParts, openConnection } from './probe-connection.ts';
import { gatherRoute } from './route.ts';

/** What others call, as a template of a path. */
export interface Served {
  readonly method: string;
  readonly path: string;
}

export interface FrontParts {
  readonly serverName: ServerName;
  readonly discovery: Omit<DiscoveryParts, 'budget'>;
  readonly connection: ConnectionParts;
  /** Lets the process that is reached tell how requests arrived. */
  readonly token: string;
  /** Of the bodies that are tried; as large as a transaction may be here, unless given. */
  readonly sizes?: readonly number[];
  /** Where we say that we are, by the settings. */
  readonly expected: string | undefined;
  readonly served: readonly Served[];
}

const TIMEOUT_MS = 10_000;
/** The proxy may give each request to another process. */
const ECHOES_EACH = 3;
/** What proxies like to decode, merge or write anew. */
const BYTES = '%21a%2Fb%3Ac//d%7E?x=%20%2B&y=';
/** Larger than nginx takes by itself, and as large as a transaction may be here. */
const SIZES = [64 * 1024, 2 * 1024 ** 2, 11 * 1024 ** 2];
const SIDE_BY_SIDE = 4;
const NOWHERE = '/_matrix/federation/v1/send/doctor';

/** Ourselves through our own public name, as other servers find us. Our keys there are asked for as well. */
export async function gatherFront(parts: FrontParts): Promise<FrontFacts> {
  const { facts, targets } = await gatherRoute(parts.discovery, parts.serverName);
  const { host, certName } = facts;
  const to = { host: host ?? parts.serverName, certName: certName ?? parts.serverName };
  const places = await gatherPlaces(parts.connection, targets, to);
  const open = places.filter(place => place.reached === 'http');
  const ways = open.map(place => wayTo(place, to));
  const [first] = ways;
  return {
    route: { ...facts, places },
    keys: await publishedKeys(parts, first),
    expected: parts.expected ?? null,
    hostSent: host,
    echoes: await gatherEchoes(parts, ways),
    bodies: first === undefined ? [] : await gatherBodies(parts.connection, first, parts.sizes ?? SIZES),
    paths: first === undefined ? [] : await gatherPaths(parts, first),
  };
}

function wayTo({ address, port }: PlaceFacts, to: Addressee): Way {
  const target: Target = { address, port };
  return { ...to, target };
}

async function gatherEchoes({ connection, token }: FrontParts, ways: readonly Way[]): Promise<EchoFacts[]> {
  const headers = { [ECHO_HEADER]: token };
  const found: EchoFacts[] = [];
  for (const way of ways) {
    for (let each = 0; each < ECHOES_EACH; each++)
      found.push(await echo(connection, way, `${ECHO_PATH}${BYTES}${each}`, headers));
  }
  return found;
}

async function echo(
  parts: ConnectionParts,
  way: Way,
  sent: string,
  headers: Readonly<Record<string, string>>,
): Promise<EchoFacts> {
  const nothing = {
    ...way.target,
    sent,
    status: null,
    errcode: null,
    error: null,
    instance: null,
    target: null,
    host: null,
  };
  try {
    const { socket } = await openConnection(parts, way.target, way.certName);
    const { status, body } = await ask(parts, socket, {
      method: 'GET',
      path: sent,
      host: way.host,
      headers,
      timeoutMs: TIMEOUT_MS,
    });
    const json = jsonOf(body);
    const field = (name: string) => (isObject(json) ? (getString(json, name) ?? null) : null);
    const said = {
      instance: field('instance'),
      target: field('target'),
      host: field('host'),
      errcode: field('errcode'),
    };
    return { ...nothing, ...said, status };
  } catch (error) {
    return { ...nothing, error: reasonOf(error) };
  }
}

async function gatherBodies(parts: ConnectionParts, way: Way, sizes: readonly number[]): Promise<BodyFacts[]> {
  const found: BodyFacts[] = [];
  for (const bytes of sizes) {
    const body = Buffer.alloc(bytes, ' ');
    body.write('{"pdus":[]', 0);
    body.write('}', bytes - 1);
    const { status, errcode, error, took } = await answerTo(parts, way, {
      method: 'PUT',
      path: NOWHERE,
      body,
      timeoutMs: 2 * TIMEOUT_MS,
    });
    found.push({ bytes, status, errcode, error, took });
  }
  return found;
}

/** Each is refused for its missing signature, by whoever knows it. */
async function gatherPaths({ connection, served }: FrontParts, way: Way): Promise<ServedPathFacts[]> {
  const found: ServedPathFacts[] = [];
  for (let at = 0; at < served.length; at += SIDE_BY_SIDE) {
    const some = served.slice(at, at + SIDE_BY_SIDE).map(async ({ method, path }) => {
      const concrete = path.replaceAll(/:[a-zA-Z]+/g, 'doctor').replace('*', 'doctor');
      const { status, errcode } = await answerTo(connection, way, { method, path: concrete, timeoutMs: TIMEOUT_MS });
      return { method, path, status, errcode };
    });
    found.push(...(await Promise.all(some)));
  }
  return found;
}

async function publishedKeys({ connection }: FrontParts, way: Way | undefined): Promise<FrontFacts['keys']> {
  const nothing = { known: [], notaries: [] };
  if (way === undefined) return { ...nothing, published: null, error: 'no address of ours answered' };
  try {
    const { socket } = await openConnection(connection, way.target, way.certName);
    const { status, body } = await ask(connection, socket, {
      method: 'GET',
      path: '/_matrix/key/v2/server',
      host: way.host,
      timeoutMs: TIMEOUT_MS,
    });
    const json = jsonOf(body);
    if (status !== 200 || !isObject(json)) return { ...nothing, published: null, error: `it answers ${status}` };
    return { ...nothing, published: listedKeys(json), error: null };
  } catch (error) {
    return { ...nothing, published: null, error: reasonOf(error) };
  }
}
