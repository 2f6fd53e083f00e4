import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { TestClock } from '../../../../test/support/accounts.ts';
import { openSqlite } from '../../../../test/support/databases.ts';
import { refusal, TestApi } from '../../../../test/support/http.ts';
import { roomsOn } from '../../../../test/support/rooms.ts';
import { federationServer } from '../../../../test/support/signed-requests.ts';
import { ThirdParties } from '../../../appservice/third-parties.ts';
import { silentLog } from '../../../base/log.ts';
import type { JsonObject } from '../../../core/json.ts';
import { serverRoutes } from './routes.ts';
import type { TurnSettings } from './turn-credentials.ts';
import { type WellKnown, wellKnownRoutes } from './well-known.ts';

const NOTHING: WellKnown = {
  client: undefined,
  server: undefined,
  support: { page: undefined, email: undefined, matrixId: undefined, securityEmail: undefined },
  policyServerKey: undefined,
  calls: { livekitUrls: [] },
};
const NO_RELAY: TurnSettings = { uris: [], secret: 'x', lifetimeMs: 1 };

async function apiOf(t: TestContext, { wellKnown = NOTHING, turn = NO_RELAY } = {}) {
  const opened = await openSqlite();
  t.after(() => opened[Symbol.asyncDispose]());
  const clock = new TestClock();
  const routes = serverRoutes({
    capabilities: { defaultRoomVersion: '12', takesAddresses: false },
    wellKnown,
    turn,
    clock,
    oauth: undefined,
    thirdParties: new ThirdParties([], silentLog),
  });
  return { api: new TestApi(roomsOn(opened.db), routes, t), clock };
}

test('without bridges there is nothing to look up, and that is said', async t => {
  const { api } = await apiOf(t);
  assert.deepEqual(await api.ok(api.get('alice', '/v3/thirdparty/protocols')), {});
  for (const path of ['protocol/irc', 'location/irc', 'user/irc?a=b', 'location?alias=%23a:b', 'user?userid=@a:b']) {
    assert.deepEqual(await refusal(api.get('alice', `/v3/thirdparty/${path}`)), [404, 'M_NOT_FOUND'], path);
    assert.deepEqual(await refusal(api.get('', `/v3/thirdparty/${path}`)), [401, 'M_MISSING_TOKEN'], path);
  }
  for (const path of ['location', 'user'])
    assert.deepEqual(await refusal(api.get('alice', `/v3/thirdparty/${path}`)), [400, 'M_MISSING_PARAM']);
});

test('clients of calls are told where they get a token, by the server and before they have an account', async t => {
  const urls = ['https://calls.example.org/livekit', 'https://other.example.org'];
  const wellKnown = { ...NOTHING, client: 'https://example.org', calls: { livekitUrls: urls } };
  const path = '/unstable/org.matrix.msc4143/rtc/transports';
  const expected = urls.map(url => ({ type: 'livekit', livekit_service_url: url }));
  const { api } = await apiOf(t, { wellKnown });
  assert.deepEqual(await api.ok(api.get('alice', path)), { rtc_transports: expected });
  assert.deepEqual(await refusal(api.get('', path)), [401, 'M_MISSING_TOKEN']);
  const asked = await federationServer(t, wellKnownRoutes(wellKnown), () =>
    assert.fail('nothing is signed'),
  ).app.inject({ url: '/.well-known/matrix/client' });
  assert.deepEqual(asked.json(), {
    'm.homeserver': { base_url: 'https://example.org' },
    'org.matrix.msc4143.rtc_foci': expected,
  });
  const { api: bare } = await apiOf(t);
  assert.deepEqual(await bare.ok(bare.get('alice', path)), { rtc_transports: [] });
});

test('a relay for calls is told of with a name and a password that it can check', async t => {
  const turn = { uris: ['turn:turn.example.org?transport=udp'], secret: 'shared', lifetimeMs: 3_600_000 };
  const { api, clock } = await apiOf(t, { turn });
  const told = await api.ok(api.get('alice', '/v3/voip/turnServer'));
  const username = `${clock.now() / 1000 + 3600}:@alice:one.example`;
  const password = createHmac('sha1', 'shared').update(username).digest('base64');
  assert.deepEqual(told, { username, password, ttl: 3600, uris: turn.uris });
  assert.deepEqual(await refusal(api.get('', '/v3/voip/turnServer')), [401, 'M_MISSING_TOKEN']);
  for (const none of [NO_RELAY, { ...turn, secret: undefined }]) {
    const { api: bare } = await apiOf(t, { turn: none });
    assert.deepEqual(await bare.ok(bare.get('alice', '/v3/voip/turnServer')), {});
  }
});

test('clients are told what they can change and which rooms they can make', async t => {
  const { api } = await apiOf(t);
  const { capabilities } = (await api.ok(api.get('alice', '/v3/capabilities'))) as { capabilities: JsonObject };
  const { 'm.room_versions': versions, ...rest } = capabilities;
  const { default: chosen, available } = versions as { default: string; available: Record<string, string> };
  assert.equal(chosen, '12');
  assert.ok(['1', '6', '10', '11', '12'].every(id => available[id] === 'stable'));
  const on = { enabled: true };
  assert.deepEqual(rest, {
    'm.change_password': on,
    'm.set_displayname': on,
    'm.set_avatar_url': on,
    'm.profile_fields': on,
    'm.3pid_changes': { enabled: false },
    'm.get_login_token': on,
  });
  assert.deepEqual(await refusal(api.get('', '/v3/capabilities')), [401, 'M_MISSING_TOKEN']);
});

test('clients learn that there is no OAuth 2.0, so that they log in otherwise', async t => {
  const { api } = await apiOf(t);
  for (const path of ['/v1/auth_metadata', '/unstable/org.matrix.msc2965/auth_metadata']) {
    const { status, body } = await api.get('', path);
    assert.deepEqual([status, body.errcode], [404, 'M_UNRECOGNIZED']);
    assert.match(String(body.error), /no OAuth 2\.0.*\/login/);
  }
});

test('the well-known files say what the operator has set, and are not there without', async t => {
  const ask = (wellKnown: WellKnown) => {
    const { app } = federationServer(t, wellKnownRoutes(wellKnown), () => assert.fail('nothing is signed'));
    return async (name: string) => {
      const answer = await app.inject({ url: `/.well-known/matrix/${name}` });
      return [answer.statusCode, answer.json() as unknown, answer.headers['access-control-allow-origin']];
    };
  };
  for (const name of ['client', 'server', 'support', 'policy_server']) assert.equal((await ask(NOTHING)(name))[0], 404);
  const support = { page: 'https://a.example', email: 'a@b', matrixId: '@a:b', securityEmail: 's@b' };
  const told = { client: 'https://c.example', server: 's.example:443', support, policyServerKey: 'a'.repeat(43) };
  const get = ask({ ...NOTHING, ...told });
  assert.deepEqual(await get('client'), [200, { 'm.homeserver': { base_url: 'https://c.example' } }, '*']);
  assert.deepEqual(await get('server'), [200, { 'm.server': 's.example:443' }, '*']);
  const contacts = [
    { role: 'm.role.admin', email_address: 'a@b', matrix_id: '@a:b' },
    { role: 'm.role.security', email_address: 's@b' },
  ];
  assert.deepEqual(await get('support'), [200, { contacts, support_page: 'https://a.example' }, '*']);
  assert.deepEqual(await get('policy_server'), [200, { public_keys: { ed25519: 'a'.repeat(43) } }, '*']);
});

test('capabilities say what this server lets users do, and administrators what they may do to others', async t => {
  const { api } = await apiOf(t);
  const { capabilities: all } = await api.ok(api.get('alice', '/v3/capabilities'));
  const { 'm.room_versions': versions, ...rest } = all as JsonObject;
  assert.deepEqual(rest, {
    'm.change_password': { enabled: true },
    'm.set_displayname': { enabled: true },
    'm.set_avatar_url': { enabled: true },
    'm.profile_fields': { enabled: true },
    'm.3pid_changes': { enabled: false },
    'm.get_login_token': { enabled: true },
  });
  const { default: usual, available } = versions as { default: string; available: JsonObject };
  assert.equal(usual, '12');
  assert.deepEqual(
    Object.keys(available).sort((a, b) => Number(a) - Number(b)),
    '1 2 3 4 5 6 7 8 9 10 11 12'.split(' '),
  );
  const asAdmin = await api.ok(api.get('root', '/v3/capabilities', { as: { isAdmin: true } }));
  for (const name of ['m.account_moderation', 'uk.timedout.msc4323'])
    assert.deepEqual((asAdmin.capabilities as JsonObject)[name], { suspend: true, lock: true }, name);
});

test('the versions of the specification are named without a gap', async t => {
  const { api } = await apiOf(t);
  const { versions, unstable_features: features } = await api.ok(api.get('', '/versions'));
  // mautrix-go goes by these alone.
  for (const flag of ['uk.timedout.msc4323', 'com.beeper.msc4169']) assert.equal((features as JsonObject)[flag], true);
  const named = (versions as string[]).filter(version => version.startsWith('v1.'));
  assert.deepEqual(
    named,
    named.map((_, at) => `v1.${at + 1}`),
  );
  assert.ok(named.includes('v1.19'));
});
