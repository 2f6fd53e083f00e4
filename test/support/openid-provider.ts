import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSite } from './web-site.ts';

export interface Person {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

/** What goes wrong at the provider, or is changed on the way. */
export interface Faults {
  /** Claims that replace those of the ID token; undefined ones are left out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Signs with a key that nobody knows. */
  readonly forgedSignature?: boolean;
  /** What the user info says instead. */
  readonly userInfo?: Readonly<Record<string, unknown>>;
  /** The token endpoint answers so many bytes. */
  readonly tokenBytes?: number;
}

interface Code {
  readonly person: Person;
  readonly query: URLSearchParams;
}

const HOUR_S = 3600;

/** A provider of OpenID Connect on a loopback address. It has no pages: a test says who signs in there. */
export class OpenIdProvider implements AsyncDisposable {
  readonly clientId = 'copse';
  readonly clientSecret = 'the secret of a client';
  readonly #site: WebSite;
  readonly #key = generateKeyPairSync('rsa', { modulusLength: 2048 });
  readonly #codes = new Map<string, Code>();
  readonly #people = new Map<string, Person>();
  faults: Faults = {};

  private constructor(site: WebSite) {
    this.#site = site;
  }

  static async open(): Promise<OpenIdProvider> {
    const provider = new OpenIdProvider(await WebSite.open());
    provider.#serve();
    return provider;
  }

  get issuer(): string {
    return this.#site.url('');
  }

  /** How often the token endpoint was asked. */
  get exchanges(): number {
    return this.#site.hits.get('/token') ?? 0;
  }

  /** Somebody signs in on the page of this address. Answers where the browser is sent back to. */
  signIn(location: string, person: Person): string {
    const { origin, pathname, searchParams: query } = new URL(location);
    assert.deepEqual([origin, pathname], [this.issuer, '/authorize']);
    assert.deepEqual([query.get('client_id'), query.get('response_type')], [this.clientId, 'code']);
    assert.equal(query.get('code_challenge_method'), 'S256');
    const code = `code-${this.#codes.size}`;
    this.#codes.set(code, { person, query });
    const back = new URL(query.get('redirect_uri') ?? assert.fail('no redirect_uri'));
    back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    return back.href;
  }

  #serve(): void {
    const { issuer } = this;
    this.#json('/.well-known/openid-configuration', async () => ({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
    }));
    this.#json('/jwks', async () => ({
      keys: [{ ...this.#key.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }],
    }));
    this.#json('/token', async request => this.#exchange(request, new URLSearchParams(await text(request))));
    this.#json('/userinfo', async ({ headers }) => {
      const token = headers.authorization?.replace('Bearer ', '') ?? '';
      return this.faults.userInfo ?? this.#people.get(token) ?? {};
    });
  }

  #json(path: string, answer: (request: IncomingMessage) => Promise<object>): void {
    this.#site.page(path, async (response, request) => {
      const body = await answer(request);
      response.statusCode = 'error' in body ? 400 : 200;
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    });
  }

  /** A code is good once, for whoever has the secret and the verifier. */
  #exchange({ headers }: IncomingMessage, form: URLSearchParams): object {
    const basic = [this.clientId, this.clientSecret].map(part => encodeURIComponent(part).replaceAll('%20', '+'));
    const isClient = headers.authorization === `Basic ${Buffer.from(basic.join(':')).toString('base64')}`;
    const code = this.#codes.get(form.get('code') ?? '');
    this.#codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (!isClient) return { error: 'invalid_client' };
    if (code === undefined || challenge !== code.query.get('code_challenge')) return { error: 'invalid_grant' };
    if (form.get('redirect_uri') !== code.query.get('redirect_uri')) return { error: 'invalid_grant' };
    const accessToken = `access-${code.person.sub}`;
    this.#people.set(accessToken, code.person);
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      id_token: this.#idToken(code),
      ...(this.faults.tokenBytes && { scope: 'x'.repeat(this.faults.tokenBytes) }),
    };
  }

  #idToken({ person, query }: Code): string {
    const now = Math.floor(Date.now() / 1000);
    const usual = { iss: this.issuer, aud: this.clientId, nonce: query.get('nonce'), iat: now, exp: now + HOUR_S };
    const { forgedSignature, claims } = this.faults;
    const { sub, name } = person;
    const other = forgedSignature && generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    return signed({ ...usual, sub, name, ...claims }, other || this.#key.privateKey);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#site[Symbol.asyncDispose]();
  }
}

function signed(claims: object, key: KeyObject): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part({ alg: 'RS256', kid: 'one', typ: 'JWT' })}.${part(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}
