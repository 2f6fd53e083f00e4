import { MatrixError } from '../../core/matrix-error.ts';
import type { Sessions, Tokens } from '../sessions.ts';
import { GRANT_TYPES, type GrantType } from './client-metadata.ts';
import type { Clients, OAuthClient } from './clients.ts';
import type { Codes } from './codes.ts';
import type { DeviceGrants } from './device-grants.ts';
import { OAuthError } from './oauth-error.ts';
import { readScope } from './scope.ts';

export interface GrantsParts {
  readonly clients: Clients;
  readonly codes: Codes;
  readonly devices: DeviceGrants;
  readonly sessions: Sessions;
}

/** A parameter of a request; undefined where it is missing. */
export type Parameter = (name: string) => string | undefined;

export interface GivenTokens extends Tokens {
  /** Undefined: that which was granted before. */
  readonly scope: string | undefined;
}

/** Tokens for clients: what they may show for them (client-server API, "Grant types"). */
export class Grants {
  readonly #parts: GrantsParts;

  constructor(parts: GrantsParts) {
    this.#parts = parts;
  }

  /** @throws OAuthError invalid_client, unsupported_grant_type, unauthorized_client, invalid_request, invalid_grant */
  async give(parameter: Parameter): Promise<GivenTokens> {
    const type = GRANT_TYPES.find(each => each === required(parameter, 'grant_type'));
    const client = await this.client(parameter);
    if (type === undefined) throw new OAuthError('unsupported_grant_type', 'This server has no such grant type.');
    requireGrant(client, type);
    return orInvalidGrant(() => this.#give(type, client, parameter));
  }

  /** Who asks; all clients are public ones, so there is nothing to prove. @throws OAuthError invalid_client */
  async client(parameter: Parameter): Promise<OAuthClient> {
    const client = await this.#parts.clients.find(required(parameter, 'client_id'));
    if (client === undefined) throw new OAuthError('invalid_client', 'The client is not registered.');
    return client;
  }

  #give(type: GrantType, client: OAuthClient, parameter: Parameter): Promise<GivenTokens> {
    if (type === 'authorization_code') return this.#byCode(client, parameter);
    return type === 'refresh_token' ? this.#byRefreshing(client, parameter) : this.#byDevice(client, parameter);
  }

  async #byCode(client: OAuthClient, parameter: Parameter): Promise<GivenTokens> {
    const { session, scope } = await this.#parts.codes.exchange(client, {
      code: required(parameter, 'code'),
      redirectUri: required(parameter, 'redirect_uri'),
      verifier: required(parameter, 'code_verifier'),
    });
    return { ...session, scope };
  }

  async #byDevice(client: OAuthClient, parameter: Parameter): Promise<GivenTokens> {
    const { session, scope } = await this.#parts.devices.poll(client, required(parameter, 'device_code'));
    return { ...session, scope };
  }

  /** RFC 6749 section 6. There is one scope only, which cannot be narrowed. */
  async #byRefreshing(client: OAuthClient, parameter: Parameter): Promise<GivenTokens> {
    const scope = parameter('scope');
    const read = scope === undefined ? undefined : readScope(scope);
    if (read !== undefined && 'wrong' in read) throw new OAuthError('invalid_scope', read.wrong);
    const tokens = await this.#parts.sessions.refresh(required(parameter, 'refresh_token'), client.id);
    return { ...tokens, scope: undefined };
  }
}

/** @throws OAuthError invalid_request */
export function required(parameter: Parameter, name: string): string {
  const value = parameter(name);
  if (value === undefined || value === '') throw new OAuthError('invalid_request', `The parameter ${name} is missing.`);
  return value;
}

/** @throws OAuthError unauthorized_client */
export function requireGrant({ metadata }: OAuthClient, type: GrantType): void {
  if (metadata.grant_types.includes(type)) return;
  throw new OAuthError('unauthorized_client', 'The client has not registered this grant type.');
}

/** What Matrix says of tokens and accounts that are not good any more, OAuth 2.0 says with one word. */
async function orInvalidGrant<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof MatrixError) || error.errcode === 'M_LIMIT_EXCEEDED') throw error;
    throw new OAuthError('invalid_grant', error.message.replace(/["\\]|[^ -~]/g, ' '), { cause: error });
  }
}
