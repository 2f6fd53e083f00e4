import type { Clients, OAuthClient } from './clients.ts';
import type { Codes } from './codes.ts';
import { isRegisteredRedirect, type ResponseMode, withAnswer } from './redirect-uri.ts';
import { readScope, type Scope } from './scope.ts';

export interface AuthorizationsParts {
  readonly clients: Clients;
  readonly codes: Codes;
  readonly issuer: string;
}

/** What a client wants of a user who comes with a browser. */
export interface AuthorizationRequest {
  readonly client: OAuthClient;
  readonly redirectUri: string;
  readonly mode: ResponseMode;
  readonly state: string | undefined;
  readonly scope: Scope;
  readonly challenge: string;
  /** `prompt=create`: the user wants to make an account first. */
  readonly wantsAccount: boolean;
}

/** `stranger`: nobody knows who asks, so the browser is sent nowhere. `faulty`: where the client would hear what is wrong. */
export type ReadAuthorization =
  | { readonly kind: 'good'; readonly request: AuthorizationRequest }
  | { readonly kind: 'faulty'; readonly message: string; readonly location: string }
  | { readonly kind: 'stranger'; readonly message: string };

type AuthorizationError =
  | 'invalid_request'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_response_type'
  | 'interaction_required'
  | 'access_denied';

/** Where the answer goes. */
type Way = Pick<AuthorizationRequest, 'redirectUri' | 'mode' | 'state'>;
type Fault = { readonly error: AuthorizationError; readonly message: string };

const LONGEST_STATE = 2048;
/** RFC 7636 section 4.2: a SHA-256 in base64url. */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
const PARAMETERS = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'response_mode',
  'code_challenge',
  'code_challenge_method',
  'prompt',
];

/** What browsers are sent with to ask for a code (RFC 6749 section 4.1.1; client-server API, "Authorization request"). */
export class Authorizations {
  readonly #parts: AuthorizationsParts;

  constructor(parts: AuthorizationsParts) {
    this.#parts = parts;
  }

  /** First who asks and where the answer goes, in that order: nothing else may send a browser anywhere. */
  async read(query: URLSearchParams): Promise<ReadAuthorization> {
    const doubled = PARAMETERS.find(name => query.getAll(name).length > 1);
    if (doubled !== undefined) return stranger(`The parameter ${doubled} is there twice.`);
    const client = await this.#parts.clients.find(query.get('client_id') ?? '');
    if (client === undefined) return stranger('This client is not known here. It has to register again.');
    const redirectUri = query.get('redirect_uri') ?? '';
    if (!isRegisteredRedirect(redirectUri, client.metadata.redirect_uris))
      return stranger('The client wants you back at an address that it has not registered.');
    const way: Way = { redirectUri, mode: modeIn(query), state: query.get('state') ?? undefined };
    const read = readRequest(query, client, way);
    if (!('error' in read)) return { kind: 'good', request: read };
    return { kind: 'faulty', message: read.message, location: this.#refusal(way, read) };
  }

  /** The user lets the client in: where the browser goes. */
  async allow(request: AuthorizationRequest, userNid: number): Promise<string> {
    const { client, redirectUri, scope, challenge } = request;
    const code = await this.#parts.codes.issue({ clientId: client.id, userNid, redirectUri, scope, challenge });
    return this.#answer(request, { code });
  }

  /** The user does not. */
  deny(request: AuthorizationRequest): string {
    return this.#refusal(request, { error: 'access_denied', message: 'The user did not allow it.' });
  }

  #refusal(way: Way, { error, message }: Fault): string {
    return this.#answer(way, { error, error_description: message });
  }

  /** RFC 9207: the client sees that the answer comes from the server that it asked. */
  #answer({ redirectUri, mode, state }: Way, answer: Readonly<Record<string, string>>): string {
    return withAnswer(redirectUri, mode, { ...answer, ...(state !== undefined && { state }), iss: this.#parts.issuer });
  }
}

function stranger(message: string): ReadAuthorization {
  return { kind: 'stranger', message };
}

function modeIn(query: URLSearchParams): ResponseMode {
  return query.get('response_mode') === 'fragment' ? 'fragment' : 'query';
}

function readRequest(query: URLSearchParams, client: OAuthClient, way: Way): AuthorizationRequest | Fault {
  const fault = faultIn(query, client);
  if (fault !== undefined) return fault;
  const scope = readScope(query.get('scope') ?? '');
  if ('wrong' in scope) return { error: 'invalid_scope', message: scope.wrong };
  const challenge = query.get('code_challenge') ?? '';
  return { client, ...way, scope, challenge, wantsAccount: prompts(query).includes('create') };
}

function faultIn(query: URLSearchParams, client: OAuthClient): Fault | undefined {
  if (query.get('response_type') !== 'code')
    return { error: 'unsupported_response_type', message: 'response_type has to be code.' };
  if (!client.metadata.grant_types.includes('authorization_code'))
    return { error: 'unauthorized_client', message: 'The client has not registered this grant type.' };
  const invalid = (message: string): Fault => ({ error: 'invalid_request', message });
  if (!['query', 'fragment'].includes(query.get('response_mode') ?? 'query'))
    return invalid('response_mode has to be query or fragment.');
  if (query.get('code_challenge_method') !== 'S256') return invalid('code_challenge_method has to be S256.');
  if (!CHALLENGE.test(query.get('code_challenge') ?? '')) return invalid('code_challenge has to be a SHA-256.');
  if ((query.get('state') ?? '').length > LONGEST_STATE) return invalid('The state is too long.');
  if (prompts(query).includes('none'))
    return { error: 'interaction_required', message: 'Nobody is let in without being asked.' };
  return undefined;
}

function prompts(query: URLSearchParams): string[] {
  return (query.get('prompt') ?? '').split(' ');
}
