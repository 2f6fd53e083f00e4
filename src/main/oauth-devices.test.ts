import assert from 'node:assert/strict';
import { assertError, PASSWORD } from '../../test/support/accounts.ts';
import type { FormBrowser } from '../../test/support/form-browser.ts';
import {
  assertOAuthError,
  BASE,
  DEVICE,
  METADATA,
  type OAuthWorld,
  SCOPE,
  withOAuth,
} from '../../test/support/oauth.ts';
import { Clients } from '../accounts/oauth/clients.ts';
import { DeviceGrants } from '../accounts/oauth/device-grants.ts';
import { OAuthError } from '../accounts/oauth/oauth-error.ts';
import { systemRandom } from '../base/random.ts';
import type { UserId } from '../core/ids.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

async function begin(world: OAuthWorld, clientId: string) {
  const { status, body } = await world.post('device', { client_id: clientId, scope: SCOPE });
  assert.equal(status, 200, JSON.stringify(body));
  return { deviceCode: String(body.device_code), userCode: String(body.user_code), body };
}

function poll(world: OAuthWorld, clientId: string, deviceCode: string) {
  return world.post('token', { grant_type: GRANT, client_id: clientId, device_code: deviceCode });
}

/** Signs in, up to the question whether the device is let in. */
async function opened(world: OAuthWorld, url: string, name = 'anna'): Promise<FormBrowser> {
  const browser = world.browser();
  await browser.open(url);
  await browser.submit({ name, password: PASSWORD });
  return browser;
}

withOAuth('somebody lets a device in from a browser elsewhere', async world => {
  const anna = await world.accounts.user('anna');
  const clientId = await world.register({ ...METADATA, redirect_uris: [], grant_types: [GRANT, 'refresh_token'] });
  const { deviceCode, userCode, body } = await begin(world, clientId);
  assert.match(userCode, /^[A-Z]{4}-[A-Z]{4}$/);
  assert.equal(body.verification_uri, `${BASE}/_copse/link`);
  assert.equal(body.verification_uri_complete, `${BASE}/_copse/link?user_code=${userCode}`);
  assert.deepEqual([body.expires_in, body.interval], [900, 5]);
  assertOAuthError(await poll(world, clientId, deviceCode), 400, 'authorization_pending');
  const browser = await opened(world, String(body.verification_uri_complete));
  assert.match(
    browser.shows?.body ?? '',
    new RegExp(`App \\(app\\.example\\)[\\s\\S]*shows this code: <code>${userCode}`),
  );
  assert.match((await browser.submit({ decision: 'allow' })).body, /is let in/);
  const tokens = await poll(world, clientId, deviceCode);
  assert.deepEqual([tokens.status, tokens.body.scope], [200, SCOPE]);
  const me = await world.whoami(tokens.body.access_token);
  assert.deepEqual([me.body.user_id, me.body.device_id], [anna.id, DEVICE]);
  assertOAuthError(await poll(world, clientId, deviceCode), 400, 'invalid_grant');
  const refresh = {
    grant_type: 'refresh_token',
    client_id: clientId,
    refresh_token: String(tokens.body.refresh_token),
  };
  assert.equal((await world.post('token', refresh)).status, 200);
});

withOAuth('N142 a device code is for the client that asked, and for clients that may', async world => {
  await world.accounts.user('anna');
  const clientId = await world.register();
  const plain = await world.register({ ...METADATA, grant_types: ['authorization_code', 'refresh_token'] });
  const other = await world.register({ ...METADATA, client_name: 'Other' });
  assertOAuthError(await world.post('device', { client_id: plain, scope: SCOPE }), 400, 'unauthorized_client');
  assertOAuthError(await world.post('device', { client_id: 'nobody', scope: SCOPE }), 400, 'invalid_client');
  assertOAuthError(await world.post('device', { client_id: clientId }), 400, 'invalid_request');
  assertOAuthError(await world.post('device', { client_id: clientId, scope: 'openid' }), 400, 'invalid_scope');
  const { deviceCode, userCode } = await begin(world, clientId);
  const browser = await opened(world, `/_copse/link?user_code=${userCode}`);
  await browser.submit({ decision: 'allow' });
  assertOAuthError(await poll(world, other, deviceCode), 400, 'invalid_grant');
  assertOAuthError(await poll(world, plain, deviceCode), 400, 'unauthorized_client');
  assertOAuthError(await poll(world, clientId, 'cpd_nothing'), 400, 'invalid_grant');
  assert.equal((await poll(world, clientId, deviceCode)).status, 200);
  const implicit = await world.register({ ...METADATA, redirect_uris: [], grant_types: [GRANT] });
  assert.equal((await world.browser().open(world.authorization(implicit))).status, 400);
});

withOAuth('whoever asks too often is told to wait, and who is not let in hears that', async world => {
  await world.accounts.user('anna');
  const { clock } = world.accounts;
  const clientId = await world.register();
  const { deviceCode, userCode } = await begin(world, clientId);
  const asked = async (afterMs: number) => {
    clock.advance(afterMs);
    return (await poll(world, clientId, deviceCode)).body.error;
  };
  assert.deepEqual(
    [await asked(0), await asked(1000), await asked(6000), await asked(15_000)],
    ['authorization_pending', 'slow_down', 'slow_down', 'authorization_pending'],
  );
  const browser = await opened(world, `/_copse/link?user_code=${userCode.toLowerCase().replace('-', ' ')}`);
  assert.match((await browser.submit({ decision: 'deny' })).body, /stays outside/);
  assert.equal(await asked(15_000), 'access_denied');
  const late = await begin(world, clientId);
  clock.advance(15 * 60_000);
  assertOAuthError(await poll(world, clientId, late.deviceCode), 400, 'expired_token');
  const page = await opened(world, `/_copse/link?user_code=${late.userCode}`);
  assert.equal(page.shows?.status, 404);
  clock.advance(61 * 60_000);
  await world.accounts.accounts.sweep();
  assertOAuthError(await poll(world, clientId, late.deviceCode), 400, 'invalid_grant');
});

withOAuth('only somebody who was asked decides, and once', async world => {
  await world.accounts.user('anna');
  await world.accounts.user('mallory');
  const clientId = await world.register();
  const { deviceCode, userCode } = await begin(world, clientId);
  const [anna, mallory] = [
    await opened(world, `/_copse/link?user_code=${userCode}`),
    await opened(world, `/_copse/link?user_code=${userCode}`, 'mallory'),
  ];
  const user_code = userCode.replace('-', '');
  const seal = /name="seal" value="([^"]+)"/.exec(mallory.shows?.body ?? '')?.[1] ?? assert.fail();
  for (const fields of [
    { user_code, decision: 'allow' },
    { user_code, decision: 'allow', seal },
  ])
    assert.equal((await anna.post('/_copse/link', fields)).status, 403);
  await anna.open(`/_copse/link?user_code=${userCode}`);
  assert.equal((await anna.submit({ decision: 'allow' })).status, 200);
  assert.equal((await mallory.submit({ decision: 'allow' })).status, 403, 'too late');
  const { userNid } = await world.accounts.accounts.users.require('@anna:copse.test' as UserId);
  await world.accounts.accounts.changes.setPassword(userNid, `${PASSWORD} 2`, { endSessions: true });
  assertOAuthError(await poll(world, clientId, deviceCode), 400, 'invalid_grant');
});

withOAuth('of two who ask at once with the same device code one has the tokens', async world => {
  await world.accounts.user('anna');
  const clientId = await world.register();
  const { deviceCode, userCode } = await begin(world, clientId);
  const browser = await opened(world, `/_copse/link?user_code=${userCode}`);
  await browser.submit({ decision: 'allow' });
  const answers = await Promise.all([poll(world, clientId, deviceCode), poll(world, clientId, deviceCode)]);
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 400]);
  const { access_token } = answers.find(({ status }) => status === 200)?.body ?? assert.fail();
  assert.equal((await world.whoami(access_token)).status, 200);
});

withOAuth('people type the code, and a wrong one waits for nobody', async world => {
  await world.accounts.user('anna');
  const { userCode } = await begin(world, await world.register());
  const browser = await opened(world, '/_copse/link');
  assert.match(browser.shows?.body ?? '', /<form method="get" action="\/_copse\/link">/);
  assert.equal((await browser.open('/_copse/link?user_code=BBBB-BBBB')).status, 404);
  assert.equal((await browser.open('/_copse/link?user_code=%3Cb%3E')).status, 404);
  assert.equal((await browser.open(`/_copse/link?user_code=${userCode}`)).status, 200);
  const locked = await world.accounts.call('GET', 'account/whoami', { token: userCode });
  assertError(locked, 401, 'M_UNKNOWN_TOKEN');
});

withOAuth('when too many devices wait, no more may', async world => {
  const { accounts, db, clock } = world.accounts;
  const clients = new Clients({ db, clock });
  const grants = new DeviceGrants({ db, clock, random: systemRandom, login: accounts.login, clients, most: 2 });
  const client = await clients.register(METADATA);
  await grants.begin(client, SCOPE);
  await grants.begin(client, SCOPE);
  await assert.rejects(grants.begin(client, SCOPE), (error: unknown) => {
    return error instanceof OAuthError && error.code === 'temporarily_unavailable';
  });
});
