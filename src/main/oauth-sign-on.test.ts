import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import type { FormBrowser } from '../../test/support/form-browser.ts';
import { answerIn, BASE, METADATA, OAuthWorld } from '../../test/support/oauth.ts';
import { OpenIdProvider } from '../../test/support/openid-provider.ts';
import type { Policy } from '../accounts/terms.ts';
import { silentLog } from '../base/log.ts';
import type { UserId } from '../core/ids.ts';
import { CALLBACK_PATH } from '../http/site/sign-on/departure.ts';
import { openIdProvider } from './openid-provider.ts';

const ANNA = { sub: 'person-1', preferred_username: 'Anna', name: 'Anna of the Club' };

interface Club {
  readonly world: OAuthWorld;
  readonly provider: OpenIdProvider;
}

function withClub(title: string, run: (club: Club) => Promise<void>, terms: readonly Policy[] = []): void {
  onEachDatabase(title, async db => {
    await using provider = await OpenIdProvider.open();
    const { clientId, clientSecret, issuer } = provider;
    const settings = {
      client_id: clientId,
      client_secret: clientSecret,
      scopes: ['openid'],
      closed_to_newcomers: false,
    };
    const club = openIdProvider(
      { ...settings, id: 'club', name: 'The Club', issuer },
      `${BASE}${CALLBACK_PATH}`,
      silentLog,
    );
    const signOn = { providers: [club], trustedClients: [], secret: Buffer.alloc(32, 9) };
    await using world = new OAuthWorld(db, { settings: { terms }, ports: { signOn } });
    await run({ world, provider });
  });
}

/** From the client to the provider, and back. */
async function throughClub({ provider }: Club, browser: FormBrowser, url: string, person = ANNA) {
  await browser.open(url);
  const away = await browser.open(browser.link(/Sign in with The Club/));
  return browser.open(provider.signIn(away.url, person));
}

withClub('N141 somebody signs in elsewhere and lets a client in here', async club => {
  const { world } = club;
  const clientId = await world.register();
  const browser = world.browser();
  const question = await throughClub(club, browser, world.authorization(clientId));
  assert.match(question.body, /<code>@anna:copse\.test<\/code>/);
  const { url } = await browser.submit({ decision: 'allow' });
  const tokens = await world.exchange(clientId, answerIn(url).get('code') ?? '');
  assert.equal((await world.whoami(tokens.body.access_token)).body.user_id, '@anna:copse.test');
});

withClub(
  'somebody new accepts the policies, and goes on to the client',
  async club => {
    const { world } = club;
    const browser = world.browser();
    const asked = await throughClub(club, browser, world.authorization(await world.register()));
    assert.match(asked.body, /https:\/\/copse\.test\/privacy/);
    const { users } = world.accounts.accounts;
    assert.equal(await users.find('@anna:copse.test' as UserId), undefined);
    const question = await browser.submit();
    assert.match(question.body, /wants to use your account <code>@anna:copse\.test<\/code>/);
  },
  [{ name: 'privacy', version: '3', texts: [{ language: 'en', name: 'Privacy', url: 'https://copse.test/privacy' }] }],
);

withClub('who may not log in does not come in from elsewhere, and nobody is led away by this', async club => {
  const { world, provider } = club;
  const url = world.authorization(await world.register({ ...METADATA, client_name: 'Other' }));
  await throughClub(club, world.browser(), url);
  const { users } = world.accounts.accounts;
  const { userNid } = await users.require('@anna:copse.test' as UserId);
  await world.accounts.db.tx(tx => users.setFlag(tx, userNid, 'is_locked', true));
  const locked = world.browser();
  assert.match((await throughClub(club, locked, url)).body, /has been locked/);
  assert.equal(locked.cookies.has('__Host-copse_browser'), true, 'that of the form alone');
  assert.ok((await locked.open(url)).url.startsWith('/_copse/login'));
  const browser = world.browser();
  const away = await browser.open('/_copse/login/sign-on?provider=club&continue=https://evil.example/');
  assert.deepEqual([away.status, away.headers.location], [400, undefined]);
  assert.equal((await browser.open('/_copse/login/sign-on?provider=none&continue=/_copse/authorize')).status, 404);
  assert.ok(provider.exchanges > 0);
});
