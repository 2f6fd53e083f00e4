import type { Configuration, CustomFetchOptions } from 'openid-client';
import { type IdentityProvider, type SignedOn, type SignOnChecks, SignOnError } from '../accounts/sign-on-ports.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/schema.ts';

type Settings = Config['single_sign_on']['providers'][number];
type Client = typeof import('openid-client');
type Claims = Readonly<Record<string, unknown>>;

interface Connection {
  readonly client: Client;
  readonly configuration: Configuration;
}

const TIMEOUT_S = 15;
const MOST_BYTES = 1024 * 1024;

/** A provider of OpenID Connect. The library is loaded, and the provider asked for what it offers, for the first user. */
export function openIdProvider(settings: Settings, redirectUri: string, log: Log): IdentityProvider {
  let connecting: Promise<Connection> | undefined;
  const connected = () => {
    connecting ??= connect(settings).catch(error => {
      connecting = undefined;
      throw error;
    });
    return connecting;
  };
  return {
    id: settings.id,
    name: settings.name,
    icon: settings.icon,
    brand: settings.brand,
    makesAccounts: !settings.closed_to_newcomers,
    begin: checks =>
      guarded(settings, log, async () => authorizationUrl(await connected(), settings, redirectUri, checks)),
    identify: (query, checks) =>
      guarded(settings, log, async () => identify(await connected(), settings, `${redirectUri}?${query}`, checks)),
  };
}

async function guarded<T>({ id, name }: Settings, log: Log, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    log.warn('Somebody could not sign in by single sign-on.', { provider: id, err: error });
    throw new SignOnError(`${name} cannot be reached, or did not let you in.`, { cause: error });
  }
}

/** Signatures are checked also of what came straight from the provider. HTTP without TLS is for providers near by. */
async function connect({ issuer, client_id: id, client_secret: secret }: Settings): Promise<Connection> {
  const client = await import('openid-client');
  const url = new URL(issuer);
  const execute = [
    client.enableNonRepudiationChecks,
    ...(url.protocol === 'http:' ? [client.allowInsecureRequests] : []),
  ];
  const options = { execute, timeout: TIMEOUT_S, [client.customFetch]: boundedFetch };
  const found = await client.discovery(url, id, undefined, undefined, options);
  const configuration = new client.Configuration(
    found.serverMetadata(),
    id,
    undefined,
    clientAuthentication(client, found, secret),
  );
  configuration[client.customFetch] = boundedFetch;
  configuration.timeout = TIMEOUT_S;
  for (const extend of execute) extend(configuration);
  return { client, configuration };
}

/** OpenID Connect Core 9: `client_secret_basic` unless the provider says otherwise. */
function clientAuthentication(client: Client, found: Configuration, secret: string | undefined) {
  if (secret === undefined) return client.None();
  const methods = found.serverMetadata().token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  return methods.includes('client_secret_basic') ? client.ClientSecretBasic(secret) : client.ClientSecretPost(secret);
}

async function authorizationUrl(
  { client, configuration }: Connection,
  { scopes }: Settings,
  redirectUri: string,
  { state, nonce, verifier }: SignOnChecks,
): Promise<string> {
  return client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).href;
}

async function identify(
  { client, configuration }: Connection,
  { username_claim: usernameClaim = 'preferred_username' }: Settings,
  answer: string,
  { state, nonce, verifier }: SignOnChecks,
): Promise<SignedOn> {
  const tokens = await client.authorizationCodeGrant(configuration, new URL(answer), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  if (claims === undefined) throw new Error('the provider sent no ID token');
  const asksFurther = !(usernameClaim in claims) && configuration.serverMetadata().userinfo_endpoint !== undefined;
  const more = asksFurther ? await client.fetchUserInfo(configuration, tokens.access_token, claims.sub) : {};
  const all: Claims = { ...more, ...claims };
  return { subject: claims.sub, username: textOf(all[usernameClaim]), displayName: textOf(all.name) };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Redirects are not followed, and answers are no longer than a sensible one. */
async function boundedFetch(url: string, { body, ...options }: CustomFetchOptions): Promise<Response> {
  const response = await fetch(url, { ...options, ...(body != null && { body }), redirect: 'manual' });
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MOST_BYTES) throw new Error(`the provider answered with more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  const { status, statusText, headers } = response;
  return new Response(length === 0 ? null : Buffer.concat(chunks, length), { status, statusText, headers });
}
