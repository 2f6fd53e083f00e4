import assert from 'node:assert/strict';
import { assertError, PASSWORD } from '../../test/support/accounts.ts';
import type { FormBrowser } from '../../test/support/form-browser.ts';
import { BASE, DEVICE, type OAuthWorld, withOAuth } from '../../test/support/oauth.ts';
import type { ConfirmationRequest } from '../accounts/interactive-auth.ts';
import { MatrixError } from '../core/matrix-error.ts';

const ACCOUNT = '/_copse/account';
const action = (name: string, deviceId?: string) =>
  `${ACCOUNT}?action=${name}${deviceId === undefined ? '' : `&device_id=${deviceId}`}`;

async function signedIn(world: OAuthWorld, name = 'anna', url: string = ACCOUNT): Promise<FormBrowser> {
  const browser = world.browser();
  const login = await browser.open(url);
  assert.ok(login.url.startsWith('/_copse/login'), login.url);
  await browser.submit({ name, password: PASSWORD });
  assert.equal(browser.shows?.status, 200, browser.shows?.body);
  return browser;
}

withOAuth('clients find out what people can do with their account, and where', async world => {
  const { body } = await world.accounts.call('GET', '/_matrix/client/v1/auth_metadata');
  assert.equal(body.account_management_uri, `${BASE}${ACCOUNT}`);
  const actions = body.account_management_actions_supported as unknown as string[];
  assert.equal(actions.length, 9);
  assert.ok(actions.includes('org.matrix.session_end'), 'under the names that older clients look for, too');
  await world.accounts.user('anna');
  const browser = await signedIn(world);
  for (const name of actions) {
    const page = await browser.open(action(name, DEVICE));
    assert.equal(page.status, /device_|session_/.test(name) ? 404 : 200, name);
  }
  const strange = await browser.open(action('org.example.fly'));
  assert.equal(strange.status, 400);
});

withOAuth('N142 what changes an account comes from a form that its owner was shown', async world => {
  const anna = await world.accounts.user('anna');
  await world.accounts.user('mallory');
  const [hers, theirs] = [await signedIn(world), await signedIn(world, 'mallory')];
  const url = action('org.matrix.device_delete', anna.device);
  await theirs.open(action('org.matrix.profile'));
  const foreign = /name="seal" value="([^"]+)"/.exec(theirs.shows?.body ?? '')?.[1] ?? assert.fail();
  await hers.open(action('org.matrix.profile'));
  const other = /name="seal" value="([^"]+)"/.exec(hers.shows?.body ?? '')?.[1] ?? assert.fail();
  for (const fields of [{}, { seal: foreign }, { seal: other }])
    assert.equal((await hers.post(url, fields)).status, 403, JSON.stringify(fields));
  assert.equal((await theirs.open(url)).status, 404, 'a device of somebody else');
  assert.ok((await world.browser().post(url, {})).url.startsWith('/_copse/login'));
  assert.equal((await world.whoami(anna.token)).status, 200);
  assert.match((await hers.open(action('org.matrix.profile'))).body, /<code>@anna:copse\.test<\/code>/);
});

withOAuth('somebody looks at devices, and logs one out', async world => {
  const anna = await world.accounts.user('anna');
  const { access_token } = await world.tokens('anna', await world.register());
  const browser = await signedIn(world);
  await browser.open(browser.link(/Your devices/));
  assert.match(browser.shows?.body ?? '', new RegExp(`device_id=${anna.device}`));
  await browser.open(browser.link(/^App$/));
  assert.match(browser.shows?.body ?? '', new RegExp(`<h1>App</h1>[\\s\\S]*<code>${DEVICE}</code>`));
  await browser.open(browser.link(/Log it out/));
  assert.equal((await world.whoami(access_token)).status, 200, 'it was only looked at');
  const left = await browser.submit();
  assert.doesNotMatch(left.body, /App/);
  assertError(await world.whoami(access_token), 401, 'M_UNKNOWN_TOKEN');
  assert.equal((await world.whoami(anna.token)).status, 200);
  const old = await browser.open(action('org.matrix.session_end', anna.device));
  assert.match(old.body, /Do you want to log out/);
});

withOAuth('somebody takes another name, and another password', async world => {
  const anna = await world.accounts.user('anna');
  const browser = await signedIn(world);
  const renamed = await browser.submit({ displayname: '<Anna>' });
  assert.match(renamed.body, /value="&lt;Anna&gt;"/);
  assert.equal((await world.accounts.call('GET', `profile/${anna.id}`)).body.displayname, '<Anna>');
  await browser.open(browser.link(/Another password/));
  const wrong = await browser.submit({ password: 'wrong horse', new_password: 'a new horse' });
  assert.deepEqual([wrong.status, /Wrong user name or password/.test(wrong.body)], [403, true]);
  assert.match((await browser.submit({ password: PASSWORD, new_password: 'short' })).body, /class="wrong"/);
  assert.equal((await world.whoami(anna.token)).status, 200);
  const other = await signedIn(world);
  await browser.submit({ password: PASSWORD, new_password: 'a new horse', log_out: 'on' });
  assert.match(browser.shows?.body ?? '', /signed in as/);
  assertError(await world.whoami(anna.token), 401, 'M_UNKNOWN_TOKEN');
  assert.ok((await other.open(ACCOUNT)).url.startsWith('/_copse/login'), 'other browsers are signed out');
  assertError(await world.accounts.login('anna'), 403, 'M_FORBIDDEN');
  assert.equal((await world.accounts.login('anna', { password: 'a new horse' })).status, 200);
});

withOAuth('a suspended user keeps the name, and is told why', async world => {
  const anna = await world.accounts.user('anna');
  const { users } = world.accounts.accounts;
  const { userNid } = await users.require(anna.id);
  await world.accounts.db.tx(tx => users.setFlag(tx, userNid, 'is_suspended', true));
  const browser = await signedIn(world);
  assert.match((await browser.submit({ displayname: 'Another' })).body, /has been suspended/);
  assert.equal((await world.accounts.call('GET', `profile/${anna.id}`)).body.displayname, 'anna');
});

withOAuth('an account is closed by who has signed in just now, and says its name', async world => {
  const anna = await world.accounts.user('anna');
  const browser = await signedIn(world);
  world.accounts.clock.advance(11 * 60_000);
  const url = action('org.matrix.account_deactivate');
  assert.ok((await browser.open(url)).url.startsWith('/_copse/login'), 'once more');
  await browser.submit({ name: 'anna', password: PASSWORD });
  assert.equal((await browser.submit({ user_id: 'anna' })).status, 400);
  assert.equal((await world.whoami(anna.token)).status, 200);
  world.accounts.clock.advance(11 * 60_000);
  const late = await browser.submit({ user_id: anna.id });
  assert.ok(late.url.startsWith('/_copse/login'), late.url);
  await browser.submit({ name: 'anna', password: PASSWORD });
  assert.match((await browser.submit({ user_id: anna.id, erase: 'on' })).body, /is closed/);
  assertError(await world.whoami(anna.token), 401, 'M_UNKNOWN_TOKEN');
  assert.equal(browser.cookies.size, 0);
  await browser.open(ACCOUNT);
  assert.equal((await browser.submit({ name: 'anna', password: PASSWORD })).status, 403);
});

withOAuth('a browser is signed out, and clients stay logged in', async world => {
  const anna = await world.accounts.user('anna');
  const browser = await signedIn(world);
  const kept = new Map(browser.cookies);
  await browser.open(browser.link(/Sign out/));
  await browser.submit();
  const thief = world.browser();
  for (const [name, value] of kept) thief.cookies.set(name, value);
  assert.ok((await thief.open(ACCOUNT)).url.startsWith('/_copse/login'), 'what it kept is worth nothing');
  assert.equal((await world.whoami(anna.token)).status, 200);
});

withOAuth('new cross-signing keys are allowed on a page, for ten minutes and once', async world => {
  const anna = await world.accounts.user('anna');
  const { access_token } = await world.tokens('anna', await world.register());
  const user = await world.accounts.accounts.authenticate(String(access_token), {
    ip: '192.0.2.1',
    userAgent: undefined,
    query: { get: () => undefined },
  });
  assert.equal(user.userId, anna.id);
  const resets = world.accounts.accounts.oauth?.resets ?? assert.fail();
  const request: ConfirmationRequest = { operation: 'POST keys', body: { master_key: {} }, user, ip: '192.0.2.1' };
  const confirm = async (auth?: { session: string; type?: string }) => {
    const outcome = await resets.confirm({ ...request, body: { ...request.body, ...(auth && { auth }) } });
    return typeof outcome === 'function' ? outcome : outcome.challenge;
  };
  const asked = await confirm();
  if (typeof asked === 'function') assert.fail();
  assert.deepEqual(asked.flows, [{ stages: ['m.oauth'] }, { stages: ['org.matrix.cross_signing_reset'] }]);
  assert.deepEqual(asked.params, {
    'm.oauth': { url: `${BASE}/reset` },
    'org.matrix.cross_signing_reset': { url: `${BASE}/reset` },
  });
  const session = String(asked.session);
  assert.equal(typeof (await confirm({ session })), 'object', 'nobody has allowed it');
  assert.equal(typeof (await confirm({ session, type: 'm.oauth' })), 'object');
  const allow = async () => {
    const browser = await signedIn(world, 'anna', action('org.matrix.cross_signing_reset'));
    assert.match((await browser.submit()).body, /is allowed/);
  };
  await allow();
  world.accounts.clock.advance(10 * 60_000);
  assert.equal(typeof (await confirm({ session })), 'object', 'too late');
  await allow();
  const [use, again] = [await confirm({ session }), await confirm()];
  if (typeof use !== 'function' || typeof again !== 'function') assert.fail();
  await world.accounts.db.tx(use);
  await assert.rejects(world.accounts.db.tx(again), (error: unknown) => {
    return error instanceof MatrixError && error.errcode === 'M_FORBIDDEN';
  });
  assert.equal(typeof (await confirm({ session })), 'object', 'it was used');
});
