import assert from 'node:assert/strict';
import type { Policy } from '../../src/accounts/terms.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Database } from '../../src/db/database.ts';
import { CALLBACK_PATH } from '../../src/http/site/sign-on/departure.ts';
import { signOnRoutes } from '../../src/http/site/sign-on/routes.ts';
import { openIdProvider } from '../../src/main/openid-provider.ts';
import { AccountsWorld, type Answer } from './accounts.ts';
import { OpenIdProvider, type Person } from './openid-provider.ts';

export const BASE = 'https://copse.test';
export const CLIENT = 'https://app.example/login?step=2';
const REDIRECT = '/_matrix/client/v3/login/sso/redirect';

export interface Page {
  readonly status: number;
  readonly body: string;
  readonly location: string;
  readonly cookie: string;
}

/** A browser that somebody logs in with: it keeps the cookie of single sign-on. */
export class SignOnBrowser {
  readonly #world: AccountsWorld;
  cookie = '';

  constructor(world: AccountsWorld) {
    this.#world = world;
  }

  /** `url`: a whole address of this server, or a path. */
  async open(url: string, method: 'GET' | 'POST' = 'GET'): Promise<Page> {
    const headers = this.cookie === '' ? {} : { cookie: this.cookie };
    const path = url.replace(BASE, '');
    const answer = await this.#world.server.app.inject({ method, url: path, headers });
    const cookie = String(answer.headers['set-cookie'] ?? '');
    if (cookie !== '') this.cookie = cookie.split(';')[0] ?? '';
    return { status: answer.statusCode, body: answer.body, location: String(answer.headers.location ?? ''), cookie };
  }
}

export interface SignOnWorldOptions {
  readonly trustedClients?: readonly string[];
  readonly closedToNewcomers?: boolean;
  readonly usernameClaim?: string;
  readonly terms?: readonly Policy[];
}

/** Accounts with single sign-on at a provider `club`, and at `other`, which is not there. */
export class SignOnWorld implements AsyncDisposable {
  readonly accounts: AccountsWorld;
  readonly provider: OpenIdProvider;

  private constructor(accounts: AccountsWorld, provider: OpenIdProvider) {
    this.accounts = accounts;
    this.provider = provider;
  }

  static async open(db: Database, options: SignOnWorldOptions = {}): Promise<SignOnWorld> {
    const provider = await OpenIdProvider.open();
    const { clientId, clientSecret, issuer } = provider;
    const common = { client_id: clientId, scopes: ['openid'], closed_to_newcomers: options.closedToNewcomers ?? false };
    const named = options.usernameClaim === undefined ? {} : { username_claim: options.usernameClaim };
    const club = { ...common, ...named, id: 'club', name: 'The <Club>', issuer, client_secret: clientSecret };
    const other = { ...common, id: 'other', name: 'Other', issuer: 'http://127.0.0.1:9' };
    const providers = [club, other].map(each => openIdProvider(each, `${BASE}${CALLBACK_PATH}`, silentLog));
    const secret = Buffer.alloc(32, 9);
    const signOn = { providers, trustedClients: options.trustedClients ?? [], secret };
    const accounts = new AccountsWorld(db, { terms: options.terms ?? [] }, { signOn });
    accounts.server.add(
      signOnRoutes({ signOn: accounts.accounts.signOn, oauth: accounts.accounts.oauth, isSecure: true }),
    );
    return new SignOnWorld(accounts, provider);
  }

  browser(): SignOnBrowser {
    return new SignOnBrowser(this.accounts);
  }

  /** From the client to the provider. */
  depart(browser: SignOnBrowser, redirectUrl = CLIENT): Promise<Page> {
    return browser.open(`${REDIRECT}/club?redirectUrl=${encodeURIComponent(redirectUrl)}`);
  }

  /** All the way but the last click: the page that sends the browser on to the client. */
  async signIn(person: Person, browser = this.browser(), redirectUrl = CLIENT): Promise<Page> {
    const { status, location, body } = await this.depart(browser, redirectUrl);
    assert.equal(status, 302, body);
    return browser.open(this.provider.signIn(location, person));
  }

  /** Logs in with the token that stands in a page or an address. */
  async logIn(text: string): Promise<Answer> {
    const token = /loginToken=([\w-]+)/.exec(text)?.[1] ?? assert.fail(`no login token in ${text}`);
    return this.accounts.call('POST', 'login', { body: { type: 'm.login.token', token } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.accounts[Symbol.asyncDispose]();
    await this.provider[Symbol.asyncDispose]();
  }
}
