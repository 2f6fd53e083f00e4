import { type Clock, sleep } from '../../base/clock.ts';
import { getArray, getObject, getString, isObject, type JsonObject } from '../../core/json.ts';
import { type AcmeClient, type AcmeReply, problem } from './acme-client.ts';
import { AcmeError } from './acme-error.ts';
import { type KeyPair, signingRequest } from './signing-request.ts';

/** Answers that the authority fetches from `/.well-known/acme-challenge/`, by token. */
export interface Challenges {
  keep(token: string, answer: string): Promise<void>;
  drop(token: string): Promise<void>;
}

export interface ObtainParts {
  readonly client: AcmeClient;
  readonly challenges: Challenges;
  readonly clock: Clock;
}

const BETWEEN_LOOKS_MS = 2000;
const LONGEST_BETWEEN_MS = 60_000;
const MOST_LOOKS = 30;

/** Has a certificate issued (RFC 8555, section 7.4) for DNS names that the authority reaches this server by. Its chain in PEM. @throws AcmeError */
export async function obtainCertificate(
  parts: ObtainParts,
  names: readonly string[],
  keys: KeyPair,
  signal: AbortSignal,
): Promise<string> {
  const { client } = parts;
  const identifiers = names.map(value => ({ type: 'dns', value }));
  const { body: order, location } = await client.post(
    await client.service('newOrder', signal),
    { identifiers },
    signal,
  );
  if (location === undefined) throw new AcmeError('the authority took no order');
  for (const url of getArray(order, 'authorizations') ?? []) await authorize(parts, String(url), signal);
  const finalize = getString(order, 'finalize') ?? '';
  await client.post(finalize, { csr: signingRequest(names, keys).toString('base64url') }, signal);
  const done = await settled(parts, location, ['pending', 'ready', 'processing'], signal);
  const certificate = getString(done, 'certificate');
  if (certificate === undefined) throw problem(getObject(done, 'error') ?? {}, 'the authority refused the order');
  return (await client.post(certificate, undefined, signal)).text;
}

/** Shows that a name leads here (section 7.5.1), by HTTP-01 (section 8.3). */
async function authorize(parts: ObtainParts, url: string, signal: AbortSignal): Promise<void> {
  const { client, challenges } = parts;
  const { body: authorization } = await client.post(url, undefined, signal);
  if (authorization.status === 'valid') return;
  const challenge = httpChallenge(authorization);
  const token = getString(challenge, 'token') ?? '';
  await challenges.keep(token, client.keyAuthorization(token));
  try {
    await client.post(getString(challenge, 'url') ?? '', {}, signal);
    const done = await settled(parts, url, ['pending', 'processing'], signal);
    if (done.status === 'valid') return;
    const name = getString(getObject(done, 'identifier') ?? {}, 'value');
    const why = problem(getObject(httpChallenge(done), 'error') ?? {}, 'it does not say why');
    throw new AcmeError(
      `the authority did not find this server at http://${name}/.well-known/acme-challenge/: ${why.message}`,
      { kind: why.kind, cause: why },
    );
  } finally {
    await challenges.drop(token);
  }
}

function httpChallenge(authorization: JsonObject): JsonObject {
  const found = (getArray(authorization, 'challenges') ?? []).find(each => isObject(each) && each.type === 'http-01');
  if (!isObject(found)) throw new AcmeError('the authority offers no challenge of the kind http-01');
  return found;
}

/** Reads a resource until its status is none of those that pass. */
async function settled(
  { client, clock }: ObtainParts,
  url: string,
  passing: readonly string[],
  signal: AbortSignal,
): Promise<JsonObject> {
  for (let look = 0; look < MOST_LOOKS; look++) {
    const reply: AcmeReply = await client.post(url, undefined, signal);
    if (!passing.includes(getString(reply.body, 'status') ?? '')) return reply.body;
    await sleep(clock, Math.min(reply.retryAfterMs ?? BETWEEN_LOOKS_MS, LONGEST_BETWEEN_MS), signal);
    signal.throwIfAborted();
  }
  throw new AcmeError('the authority did not come to an end');
}
