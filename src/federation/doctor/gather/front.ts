import { sleep } from '../../../base/clock.ts';
import type { ServerName } from '../../../core/ids.ts';
import { getString, isObject } from '../../../core/json.ts';
import type { Target } from '../../transport/discovery.ts';
import { reasonOf } from '../../transport/errors.ts';
import { isArrived, transferAnswer, UNSIGNED } from '../checks/reading.ts';
import { ECHO_HEADER, ECHO_PATH } from '../echoes.ts';
import type { BodyFacts, EchoFacts, FrontFacts, PlaceFacts, ServedPathFacts } from '../facts.ts';
import { listedKeys } from './keys.ts';
import { type Addressee, answerTo, gatherPlaces, jsonOf, type Way } from './places.ts';
import { ask, type ConnectionParts, openConnection } from './probe-connection.ts';
import { gatherRoute, type RouteParts } from './route.ts';
import { PAUSE_MS, twice } from './twice.ts';

/** What others call, as a template of a path. */
export interface Served {
  readonly method: string;
  readonly path: string;
}

export interface FrontParts {
  readonly serverName: ServerName;
  readonly discovery: RouteParts;
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
const TOO_LARGE = 413;
const SIDE_BY_SIDE = 4;
const NOWHERE = '/_matrix/federation/v1/send/doctor';

/** Ourselves through our own public name, as other servers find us. Our keys there are asked for as well. */
export async function gatherFront(parts: FrontParts): Promise<FrontFacts> {
  const { facts, targets } = await gatherRoute(parts.discovery, parts.serverName);
  const { host, certName } = facts;
  const to = { host: host ?? parts.serverName, certName: certName ?? parts.serverName };
  const places = await gatherPlaces(parts.connection, targets, to, { withTransfer: true });
  // Bodies and paths go where much passes: what does not pass elsewhere is another matter.
  const stalls = (place: PlaceFacts) => transferAnswer(place)?.status === null;
  const open = places.filter(({ reached }) => reached === 'http').toSorted((a, b) => +stalls(a) - +stalls(b));
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
      // Another process may not have heard yet that somebody looks.
      found.push(
        await twice(
          connection.clock,
          () => echo(connection, way, `${ECHO_PATH}${BYTES}${each}`, headers),
          ({ target }) => target !== null,
        ),
      );
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
    const sent = { method: 'PUT', path: NOWHERE, body, timeoutMs: 2 * TIMEOUT_MS };
    const seen = await twice(
      parts.clock,
      () => answerTo(parts, way, sent),
      ({ errcode }) => errcode === UNSIGNED,
    );
    const { status, errcode, error, took } = seen;
    found.push({ bytes, status, errcode, error, took });
    // What is larger fares no better.
    if (status === TOO_LARGE) break;
  }
  return found;
}

/** Each is refused for its missing signature, by whoever knows it. What does not arrive is tried again after a pause. */
async function gatherPaths({ connection, served }: FrontParts, way: Way): Promise<ServedPathFacts[]> {
  const found = await pathsTried(connection, served, way);
  const missing = served.filter((_, at) => !isArrived(found[at]));
  // Where nothing arrives, that is the matter.
  if (missing.length === 0 || missing.length === served.length) return found;
  await sleep(connection.clock, PAUSE_MS);
  const again = await pathsTried(connection, missing, way);
  return found.map((seen, at) => again[missing.indexOf(served[at] as Served)] ?? seen);
}

async function pathsTried(parts: ConnectionParts, served: readonly Served[], way: Way): Promise<ServedPathFacts[]> {
  const found: ServedPathFacts[] = [];
  for (let at = 0; at < served.length; at += SIDE_BY_SIDE) {
    const some = served.slice(at, at + SIDE_BY_SIDE).map(async ({ method, path }) => {
      const concrete = path.replaceAll(/:[a-zA-Z]+/g, 'doctor').replace('*', 'doctor');
      const { status, errcode } = await answerTo(parts, way, { method, path: concrete, timeoutMs: TIMEOUT_MS });
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
