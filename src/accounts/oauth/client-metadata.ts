import { canonicalJson } from '../../core/canonical-json.ts';
import { getOwn, getString, type JsonObject } from '../../core/json.ts';
import { utf8Length } from '../../core/utf8.ts';
import { OAuthError } from './oauth-error.ts';
import { type ApplicationType, hasCommonBase, httpsUrl, isAllowedRedirect } from './redirect-uri.ts';

export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code',
] as const;
export type GrantType = (typeof GRANT_TYPES)[number];

/** What a client has said of itself, as far as it was taken (client-server API, "Client metadata"). */
export interface ClientMetadata {
  readonly client_name?: string;
  readonly client_uri: string;
  readonly logo_uri?: string;
  readonly tos_uri?: string;
  readonly policy_uri?: string;
  readonly redirect_uris: readonly string[];
  readonly token_endpoint_auth_method: 'none';
  readonly response_types: readonly string[];
  readonly grant_types: readonly GrantType[];
  readonly application_type: ApplicationType;
}

/** Whoever says nothing gets what every client needs. */
const USUAL_GRANTS: readonly GrantType[] = ['authorization_code', 'refresh_token'];
const MOST_BYTES = 4096;
const MOST_REDIRECTS = 10;
const LONGEST_NAME = 100;

/**
 * What is registered of a client's words. Languages, unknown values and secrets are left out: every client is a public
 * one (RFC 7591 section 3.2.1 allows to replace what was asked for).
 *
 * @throws OAuthError invalid_client_metadata, invalid_redirect_uri
 */
export function readClientMetadata(body: JsonObject): ClientMetadata {
  const clientUri = httpsUrl(getString(body, 'client_uri') ?? '');
  if (clientUri === undefined) throw invalid('client_uri has to be an https URL without a user.');
  const type = applicationType(body);
  const metadata: ClientMetadata = {
    ...named(body),
    client_uri: getString(body, 'client_uri') ?? '',
    ...furtherUris(body, clientUri),
    redirect_uris: redirects(body, clientUri, type),
    token_endpoint_auth_method: 'none',
    response_types: known(body, 'response_types', ['code'], ['code']),
    grant_types: known(body, 'grant_types', GRANT_TYPES, USUAL_GRANTS),
    application_type: type,
  };
  requireUsable(metadata);
  return metadata;
}

/** The canonical text of it: what says the same is the same. */
export function metadataText(metadata: ClientMetadata): string {
  return canonicalJson({ ...metadata } as unknown as JsonObject);
}

function requireUsable(metadata: ClientMetadata): void {
  const { grant_types: grants, redirect_uris: uris, response_types: types } = metadata;
  if (!grants.some(grant => grant !== 'refresh_token')) throw invalid('grant_types has none that is supported here.');
  if (grants.includes('authorization_code')) {
    if (uris.length === 0) throw redirectError('The grant authorization_code needs a redirect URI.');
    if (!types.includes('code')) throw invalid('The grant authorization_code needs the response type code.');
  }
  if (utf8Length(metadataText(metadata)) > MOST_BYTES)
    throw invalid(`The metadata is longer than ${MOST_BYTES} bytes.`);
}

function applicationType(body: JsonObject): ApplicationType {
  const type = getString(body, 'application_type') ?? 'web';
  if (type === 'web' || type === 'native') return type;
  throw invalid('application_type has to be web or native.');
}

/** Without what could make one name look like another: control characters, and those that turn the direction. */
function named(body: JsonObject): Pick<ClientMetadata, 'client_name'> {
  const name = (getString(body, 'client_name') ?? '')
    .toWellFormed()
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .slice(0, LONGEST_NAME)
    .toWellFormed()
    .trim();
  return name === '' ? {} : { client_name: name };
}

function furtherUris(body: JsonObject, clientUri: URL): Pick<ClientMetadata, 'logo_uri' | 'tos_uri' | 'policy_uri'> {
  const found: [string, string][] = [];
  for (const field of ['logo_uri', 'tos_uri', 'policy_uri']) {
    const text = getOwn(body, field);
    if (text === undefined || text === null) continue;
    const url = typeof text === 'string' ? httpsUrl(text) : undefined;
    if (typeof text !== 'string' || url === undefined || !hasCommonBase(url, clientUri))
      throw invalid(`${field} has to be an https URL on the host of client_uri or below it.`);
    found.push([field, text]);
  }
  return Object.fromEntries(found);
}

function redirects(body: JsonObject, clientUri: URL, type: ApplicationType): string[] {
  const uris = texts(body, 'redirect_uris') ?? [];
  if (uris.length > MOST_REDIRECTS) throw redirectError(`There may be ${MOST_REDIRECTS} redirect URIs at the most.`);
  if (!uris.every(uri => isAllowedRedirect(uri, clientUri, type)))
    throw redirectError(`A redirect URI is none that a ${type} client with this client_uri may have.`);
  return [...new Set(uris)];
}

/** Those of the values that are known here; `fallback` where the client says nothing. */
function known<T extends string>(body: JsonObject, field: string, all: readonly T[], fallback: readonly T[]): T[] {
  const wanted = texts(body, field) ?? fallback;
  return all.filter(each => wanted.some(value => value === each));
}

function texts(body: JsonObject, field: string): string[] | undefined {
  const value = getOwn(body, field);
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every(each => typeof each === 'string'))
    throw invalid(`${field} has to be a list of texts.`);
  return value;
}

function invalid(message: string): OAuthError {
  return new OAuthError('invalid_client_metadata', message);
}

function redirectError(message: string): OAuthError {
  return new OAuthError('invalid_redirect_uri', message);
}
