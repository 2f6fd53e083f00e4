import assert from 'node:assert/strict';
import { assertError } from '../../test/support/accounts.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import { CLIENT, SignOnWorld, type SignOnWorldOptions } from '../../test/support/sign-on.ts';
import { acceptancesOf } from '../accounts/terms.table.ts';
import type { Policy } from '../accounts/terms.ts';
import type { UserId } from '../core/ids.ts';

const REDIRECT = '/_matrix/client/v3/login/sso/redirect';
const CALLBACK = '/_copse/sign-on/callback';
const FALLBACK = '/_matrix/client/v3/auth/m.login.sso/fallback/web';
const ANNA = { sub: 'person-1', preferred_username: 'Anna', name: 'Anna of the Club' };

function withSignOn(title: string, run: (world: SignOnWorld) => Promise<void>, options: SignOnWorldOptions = {}): void {
  onEachDatabase(title, async db => {
    await using world = await SignOnWorld.open(db, options);
    await run(world);
  });
}

withSignOn('N141 clients are told where people can sign in, and people choose', async world => {
  const { flows } = (await world.accounts.call('GET', 'login')).body;
  const providers = (flows as unknown as { type: string; identity_providers?: unknown }[]).find(
    flow => flow.type === 'm.login.sso',
  );
  assert.deepEqual(providers?.identity_providers, [
    { id: 'club', name: 'The <Club>' },
    { id: 'other', name: 'Other' },
  ]);
  const choice = await world.browser().open(`${REDIRECT}?redirectUrl=${encodeURIComponent(CLIENT)}`);
  assert.equal(choice.status, 200);
  const link = `${REDIRECT}/club?redirectUrl=${encodeURIComponent(CLIENT)}`;
  assert.ok(choice.body.includes(`<a href="${link}">The &lt;Club&gt;</a>`), choice.body);
});

withSignOn('somebody without an account gets one, and is logged in there ever after', async world => {
  const page = await world.signIn(ANNA);
  assert.equal(page.status, 200);
  assert.match(page.body, /signed in as <code>@anna:copse\.test<\/code>[\s\S]*<strong>app\.example<\/strong>/);
  assert.match(page.body, /href="https:\/\/app\.example\/login\?step=2&amp;loginToken=/);
  const session = await world.logIn(page.body);
  assert.deepEqual([session.status, session.body.user_id], [200, '@anna:copse.test']);
  assertError(await world.logIn(page.body), 403, 'M_FORBIDDEN');
  const profile = await world.accounts.call('GET', 'profile/@anna:copse.test');
  assert.equal(profile.body.displayname, 'Anna of the Club');
  const later = await world.logIn((await world.signIn({ ...ANNA, preferred_username: 'Anne' })).body);
  assert.equal(later.body.user_id, '@anna:copse.test', 'a new name there is no new account here');
  assertError(await world.accounts.login('anna', { password: '' }), 403, 'M_FORBIDDEN');
});

const TERMS: Policy[] = [
  { name: 'privacy', version: '3', texts: [{ language: 'en', name: 'Privacy', url: 'https://copse.test/privacy' }] },
];

withSignOn(
  'somebody new accepts the policies before there is an account, and is not asked again',
  async world => {
    const browser = world.browser();
    const asked = await world.signIn(ANNA, browser);
    assert.equal(asked.status, 200);
    assert.match(
      asked.body,
      /href="https:\/\/copse\.test\/privacy"[\s\S]*method="post" action="\/_copse\/sign-on\/callback"/,
    );
    assert.doesNotMatch(asked.body, /loginToken/);
    const { users } = world.accounts.accounts;
    assert.equal(await users.find('@anna:copse.test' as UserId), undefined);
    const accepted = await browser.open(CALLBACK, 'POST');
    assert.equal(accepted.status, 200, accepted.body);
    assert.match(accepted.cookie, /Max-Age=0/);
    assert.equal((await world.logIn(accepted.body)).body.user_id, '@anna:copse.test');
    const { userNid } = await users.require('@anna:copse.test' as UserId);
    const [acceptance] = await acceptancesOf(world.accounts.db, userNid);
    assert.deepEqual([acceptance?.policy, acceptance?.version], ['privacy', '3']);
    assert.match((await world.signIn(ANNA)).body, /loginToken/);
  },
  { terms: TERMS },
);

withSignOn(
  'a form of policies that was not shown, or too long ago, makes no account',
  async world => {
    const browser = world.browser();
    assert.equal((await browser.open(CALLBACK, 'POST')).status, 403, 'no cookie');
    await world.depart(browser);
    assert.equal((await browser.open(CALLBACK, 'POST')).status, 403, 'a cookie of somebody who has not signed in');
    await world.signIn(ANNA, browser);
    const shown = browser.cookie;
    browser.cookie = shown.replace(/=./, '=x');
    assert.equal((await browser.open(CALLBACK, 'POST')).status, 403, 'a cookie that was changed');
    world.accounts.clock.advance(15 * 60_000);
    browser.cookie = shown;
    assert.equal((await browser.open(CALLBACK, 'POST')).status, 403, 'too late');
    assert.equal(await world.accounts.accounts.users.find('@anna:copse.test' as UserId), undefined);
  },
  { terms: TERMS },
);

withSignOn('whose account is closed gets no other one, and has the same again when it is opened', async world => {
  const anna = '@anna:copse.test' as UserId;
  await world.logIn((await world.signIn(ANNA)).body);
  const { users, changes } = world.accounts.accounts;
  for (const erase of [false, true]) {
    await changes.deactivate((await users.require(anna)).userNid, erase);
    const refused = await world.signIn(ANNA);
    assert.deepEqual([refused.status, /loginToken/.test(refused.body)], [403, false], `erased: ${erase}`);
    assert.equal(await users.find('@anna2:copse.test' as UserId), undefined);
    await changes.reactivate(await users.require(anna));
    assert.equal((await world.logIn((await world.signIn(ANNA)).body)).body.user_id, anna);
  }
});

withSignOn('N127 an account that is there is given to nobody who has its name elsewhere', async world => {
  const local = await world.accounts.user('anna');
  const session = await world.logIn((await world.signIn(ANNA)).body);
  assert.equal(session.body.user_id, '@anna2:copse.test');
  const { users, identities } = world.accounts.accounts;
  const { userNid } = await users.require(local.id);
  await identities.replace(userNid, [{ provider: 'club', subject: 'person-9' }]);
  const linked = await world.logIn((await world.signIn({ ...ANNA, sub: 'person-9' })).body);
  assert.equal(linked.body.user_id, '@anna:copse.test');
  const names = [
    { preferred_username: 'Ж é' },
    { preferred_username: '../@x:y' },
    {},
    { preferred_username: '_server' },
  ];
  const made = [];
  for (const [index, claims] of names.entries()) {
    const page = await world.signIn({ sub: `odd-${index}`, ...claims });
    made.push((await world.logIn(page.body)).body.user_id);
  }
  assert.deepEqual(made.slice(0, 2), ['@=d0=b6=20=c3=a9:copse.test', '@../=40x=3ay:copse.test']);
  assert.match(String(made[2]), /^@u[0-9a-f]{16}:copse\.test$/);
});

withSignOn('a browser that did not set out from here does not come in', async world => {
  const browser = world.browser();
  const { location, cookie } = await world.depart(browser);
  assert.match(cookie, /; Max-Age=900; Path=\/_copse\/sign-on\/callback; HttpOnly; SameSite=Lax; Secure$/);
  const back = world.provider.signIn(location, ANNA);
  assert.equal((await world.browser().open(back)).status, 403, 'no cookie');
  const other = world.browser();
  await world.depart(other);
  assert.equal((await other.open(back)).status, 403, 'the cookie of another sign-in');
  const forged = world.browser();
  forged.cookie = browser.cookie.replace(/=./, '=x');
  assert.equal((await forged.open(back)).status, 403, 'a cookie that was changed');
  assert.equal(world.provider.exchanges, 0, 'nothing was asked of the provider');
  const late = { cookie: browser.cookie };
  assert.equal((await browser.open(back)).status, 200);
  world.accounts.clock.advance(15 * 60_000);
  const again = world.browser();
  again.cookie = late.cookie;
  assert.equal((await again.open(back)).status, 403, 'too late');
});

withSignOn('what a provider says is believed only if it is meant for this request', async world => {
  const faults = [
    { claims: { nonce: 'another' } },
    { claims: { aud: 'somebody-else' } },
    { claims: { iss: 'https://elsewhere.example' } },
    { claims: { exp: 1 } },
    { claims: { sub: undefined } },
    { forgedSignature: true },
    { tokenBytes: 2 * 1024 * 1024 },
  ];
  for (const fault of faults) {
    world.provider.faults = fault;
    const page = await world.signIn(ANNA);
    assert.equal(page.status, 502, JSON.stringify(fault));
    assert.doesNotMatch(page.body, /loginToken/);
  }
  world.provider.faults = {};
  const denied = world.browser();
  const { location } = await world.depart(denied);
  const state = new URL(location).searchParams.get('state');
  assert.equal((await denied.open(`${CALLBACK}?error=access_denied&state=${state}`)).status, 502);
  assert.equal(await world.accounts.accounts.users.find('@anna:copse.test' as UserId), undefined);
  assert.equal((await world.signIn(ANNA)).status, 200);
});

withSignOn(
  'the name may stand in what the provider tells of its users, if it is the same user',
  async world => {
    world.provider.faults = { userInfo: { sub: 'person-2', nick: 'mallory' } };
    assert.equal((await world.signIn(ANNA)).status, 502);
    world.provider.faults = {};
    const page = await world.signIn({ ...ANNA, nick: 'annie' });
    assert.equal((await world.logIn(page.body)).body.user_id, '@annie:copse.test');
  },
  { usernameClaim: 'nick' },
);

withSignOn(
  'N140 only trusted clients get their token without a question, and scripts none at all',
  async world => {
    const trusted = await world.signIn(ANNA, world.browser(), 'https://app.example/?loginToken=old&loginToken=older');
    assert.equal(trusted.status, 302);
    assert.match(trusted.location, /^https:\/\/app\.example\/\?loginToken=cpl_[\w-]+$/);
    assert.match(trusted.cookie, /Max-Age=0/);
    assert.equal((await world.logIn(trusted.location)).status, 200);
    const lookalike = await world.signIn(ANNA, world.browser(), 'https://app.example.evil.example/');
    assert.match(lookalike.body, /<strong>app\.example\.evil\.example<\/strong>/);
    const elsewhere = await world.signIn(ANNA, world.browser(), 'https://app.example:8443/');
    assert.match(elsewhere.body, /<strong>app\.example:8443<\/strong>/);
    const app = await world.signIn(ANNA, world.browser(), 'io.example.app:/back');
    assert.match(app.body, /the app behind io\.example\.app:[\s\S]*href="io\.example\.app:\/back\?loginToken=/);
    const bad = [
      'javascript:alert(1)',
      'JavaScript:x',
      'data:text/html,x',
      'nowhere',
      '//evil.example/',
      'https://app.example@evil.example/',
      'https://app.example/\r\nx: y',
      ' https://app.example/',
      'https://app.exämple/',
      `https://a/${'x'.repeat(2048)}`,
    ];
    for (const redirectUrl of bad) assert.equal((await world.depart(world.browser(), redirectUrl)).status, 400);
    assert.equal((await world.browser().open(`${REDIRECT}/club`)).status, 400);
    assert.equal((await world.browser().open(REDIRECT)).status, 400);
    assert.equal((await world.browser().open(`${REDIRECT}/none?redirectUrl=https://a.example/`)).status, 404);
    assert.equal((await world.browser().open(`${REDIRECT}/other?redirectUrl=https://a.example/`)).status, 502);
  },
  { trustedClients: ['https://app.example'] },
);

withSignOn(
  'N129 where newcomers get no account, those come in whom an administrator has linked, until they are gone',
  async world => {
    assert.equal((await world.signIn(ANNA)).status, 403);
    const { id } = await world.accounts.user('anna');
    const { users, identities, changes } = world.accounts.accounts;
    const { userNid } = await users.require(id);
    await identities.replace(userNid, [{ provider: 'club', subject: ANNA.sub }]);
    assert.equal((await world.logIn((await world.signIn(ANNA)).body)).status, 200);
    await changes.deactivate(userNid, false);
    assert.equal((await world.signIn(ANNA)).status, 403);
  },
  { closedToNewcomers: true },
);

withSignOn('users without a password confirm what they do where they signed in', async world => {
  const { accounts } = world;
  const token = String((await world.logIn((await world.signIn(ANNA)).body)).body.access_token);
  const other = (await world.logIn((await world.signIn(ANNA)).body)).body;
  const remove = (session?: unknown) =>
    accounts.call('POST', 'delete_devices', {
      token,
      body: { devices: [other.device_id], ...(session !== undefined && { auth: { session } }) },
    });
  const asked = await remove();
  assert.deepEqual([asked.status, asked.body.flows], [401, [{ stages: ['m.login.sso'] }]]);
  const { session } = asked.body;
  const confirmAs = async (sub: string) => {
    const browser = world.browser();
    const choice = await browser.open(`${FALLBACK}?session=${session}`);
    assert.match(choice.body, /close this page/);
    const { location } = await browser.open(`${FALLBACK}?session=${session}&provider=club`);
    return browser.open(world.provider.signIn(location, { ...ANNA, sub }));
  };
  assert.equal((await confirmAs('nobody-here')).status, 403);
  assert.equal((await remove(session)).status, 401);
  assert.match((await confirmAs(ANNA.sub)).body, /onAuthDone/);
  assert.equal((await remove(session)).status, 200);
  const devices = (await accounts.call('GET', 'devices', { token })).body.devices as unknown as unknown[];
  assert.equal(devices.length, 1);
  assert.equal((await world.browser().open(`${FALLBACK}?session=x&provider=club`)).status, 403);
});

withSignOn('nobody confirms for somebody else', async world => {
  const { accounts } = world;
  const token = String((await world.logIn((await world.signIn(ANNA)).body)).body.access_token);
  await world.signIn({ sub: 'person-2', preferred_username: 'mallory' });
  const change = (auth?: object) =>
    accounts.call('POST', 'account/deactivate', { token, body: auth === undefined ? {} : { auth } });
  const { session } = (await change()).body;
  const browser = world.browser();
  const { location } = await browser.open(`${FALLBACK}?session=${session}&provider=club`);
  await browser.open(world.provider.signIn(location, { sub: 'person-2' }));
  assert.equal((await change({ session })).status, 401);
  const claimed = await change({ type: 'm.login.sso', session });
  assert.deepEqual([claimed.status, claimed.body.errcode], [401, 'M_FORBIDDEN']);
  assert.equal((await accounts.call('GET', 'account/whoami', { token })).status, 200);
});
