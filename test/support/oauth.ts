import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { AccountPorts } from '../../src/accounts/ports.ts';
import type { AccountSettings } from '../../src/accounts/settings.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Bus } from '../../src/bus/bus.ts';
import type { Database } from '../../src/db/database.ts';
import { authMetadata } from '../../src/http/client/server/auth-metadata.ts';
import { capabilities } from '../../src/http/client/server/capabilities.ts';
import { oauthRoutes } from '../../src/http/oauth/routes.ts';
import { accountPageRoutes } from '../../src/http/site/account/routes.ts';
import { fallbackRoutes } from '../../src/http/site/fallback/routes.ts';
import { signOnRoutes } from '../../src/http/site/sign-on/routes.ts';
import { AccountsWorld, type Answer, type Loose, PASSWORD, SERVER_NAME } from './accounts.ts';
import { onEachDatabase } from './databases.ts';
import { FormBrowser, type OpenPage } from './form-browser.ts';

export const BASE = 'https://copse.test';
export const REDIRECT = 'https://app.example/back?step=2';
export const DEVICE = 'ABCDEFGHIJ';
export const SCOPE = `urn:matrix:client:api:* urn:matrix:client:device:${DEVICE}`;
export const VERIFIER = 'a verifier of tests'.replaceAll(' ', '-').padEnd(43, '0');

export const METADATA = {
  client_name: 'App',
  client_uri: 'https://app.example/',
  redirect_uris: [REDIRECT, 'https://app.example/other'],
  response_types: ['code'],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  token_endpoint_auth_method: 'none',
};

export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

export interface OAuthWorldOptions {
  readonly settings?: Partial<AccountSettings>;
  readonly ports?: Partial<AccountPorts>;
  readonly bus?: Bus;
}

/** Accounts with the OAuth 2.0 API and its pages. */
export class OAuthWorld implements AsyncDisposable {
  readonly accounts: AccountsWorld;
  readonly base = BASE;

  constructor(db: Database, { settings = {}, ports = {}, bus }: OAuthWorldOptions = {}) {
    const oauthPorts = { base: BASE, resetPage: `${BASE}/reset`, secret: Buffer.alloc(32, 7) };
    this.accounts = new AccountsWorld(db, settings, { ...ports, oauth: oauthPorts }, bus);
    const { accounts, clock, server } = this.accounts;
    const oauth = accounts.oauth ?? assert.fail();
    const signOn = { signOn: accounts.signOn, oauth, isSecure: true };
    const pages = { accounts, oauth, clock, random: systemRandom, serverName: SERVER_NAME };
    const facts = { base: BASE, issuer: oauth.issuer, canSignUp: accounts.settings.registration !== 'closed' };
    server.add([
      authMetadata({ oauth: facts }),
      capabilities({ defaultRoomVersion: '12', takesAddresses: true }),
      ...oauthRoutes(oauth, accounts.sessions),
      ...accountPageRoutes(pages, signOn),
      ...signOnRoutes(signOn),
      ...fallbackRoutes(accounts),
    ]);
  }

  browser(): FormBrowser {
    return new FormBrowser(BASE, async ({ method, url, headers, payload }) => {
      const answer = await this.accounts.server.app.inject({
        method,
        url,
        headers: { ...headers },
        ...(payload !== undefined && { payload }),
      });
      return { status: answer.statusCode, headers: answer.headers as Record<string, string>, body: answer.body };
    });
  }

  /** What a client sends as a form. */
  async post(endpoint: string, fields: Readonly<Record<string, string>> | string): Promise<Answer> {
    const raw = typeof fields === 'string' ? fields : new URLSearchParams(fields).toString();
    return this.accounts.call('POST', `/_copse/oauth/${endpoint}`, { raw });
  }

  async register(metadata: object = METADATA): Promise<string> {
    const answer = await this.accounts.call('POST', '/_copse/oauth/register', { body: metadata });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return String(answer.body.client_id);
  }

  /** The address that a client sends a browser to. A parameter that is undefined is left out. */
  authorization(clientId: string, more: Readonly<Record<string, string | undefined>> = {}): string {
    const parameters = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: REDIRECT,
      scope: SCOPE,
      state: 'a state & more',
      response_mode: 'fragment',
      code_challenge: challengeOf(VERIFIER),
      code_challenge_method: 'S256',
      ...more,
    };
    const given = Object.entries(parameters).filter(([, value]) => value !== undefined) as [string, string][];
    return `${BASE}/_copse/authorize?${new URLSearchParams(given)}`;
  }

  /** Signs in and lets the client in: where the browser ends. */
  async allow(name: string, url: string, browser = this.browser()): Promise<OpenPage> {
    const first = await browser.open(url);
    assert.equal(first.status, 200, first.body);
    if (first.url.startsWith('/_copse/login')) await browser.submit({ name, password: PASSWORD });
    return browser.submit({ decision: 'allow' });
  }

  async code(name: string, clientId: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
    const { url, body } = await this.allow(name, this.authorization(clientId, more));
    return answerIn(url).get('code') ?? assert.fail(`no code in ${url} ${body}`);
  }

  exchange(clientId: string, code: string, more: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const common = { grant_type: 'authorization_code', client_id: clientId, code };
    return this.post('token', { ...common, redirect_uri: REDIRECT, code_verifier: VERIFIER, ...more });
  }

  /** Tokens of a user for a client. */
  async tokens(name: string, clientId: string, more: Readonly<Record<string, string>> = {}): Promise<Loose> {
    const answer = await this.exchange(clientId, await this.code(name, clientId, more));
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  }

  async whoami(token: unknown): Promise<Answer> {
    return this.accounts.call('GET', 'account/whoami', { token: String(token) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.accounts[Symbol.asyncDispose]();
  }
}

/** The parameters of an answer, wherever they stand. */
export function answerIn(url: string): URLSearchParams {
  return new URLSearchParams(url.includes('#') ? url.slice(url.indexOf('#') + 1) : url.slice(url.indexOf('?') + 1));
}

export function withOAuth(
  title: string,
  run: (world: OAuthWorld) => Promise<void>,
  options: OAuthWorldOptions = {},
): void {
  onEachDatabase(title, async db => {
    await using world = new OAuthWorld(db, options);
    await run(world);
  });
}

export function assertOAuthError(answer: Answer, status: number, error: string): void {
  assert.deepEqual([answer.status, answer.body.error], [status, error], JSON.stringify(answer.body));
  assert.equal(answer.headers['cache-control'], 'no-store');
}
