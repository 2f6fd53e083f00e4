import assert from 'node:assert/strict';
import {
  type AccountsWorld,
  assertError,
  PASSWORD,
  ratesWith,
  withAccounts,
} from '../../../../test/support/accounts.ts';

const whoami = (world: AccountsWorld, token: unknown) => world.call('GET', 'account/whoami', { token: String(token) });

withAccounts('the flows that are offered', async world => {
  const { body } = await world.call('GET', 'login');
  assert.deepEqual(body.flows?.[0], { type: 'm.login.password' });
  assert.deepEqual(body.flows?.[1], { type: 'm.login.token', get_login_token: true });
});

withAccounts('a user is named by ID, localpart or old field, in any case', async world => {
  const { id } = await world.user('alice');
  for (const user of ['alice', 'ALICE', id, '@Alice:copse.test']) {
    const answer = await world.login(user);
    assert.equal(answer.status, 200, user);
    assert.equal(answer.body.user_id, id);
    assert.equal((await whoami(world, answer.body.access_token)).status, 200);
  }
  const old = { type: 'm.login.password', user: 'alice', password: PASSWORD };
  assert.equal((await world.call('POST', 'login', { body: old })).status, 200);
  assert.equal((await world.call('POST', '/_matrix/client/r0/login', { body: old })).status, 200);
});

withAccounts('what is wrong with a login is told apart, but not which users exist', async world => {
  await world.user('alice');
  const wrong = await world.login('alice', { password: 'wrong password' });
  const unknown = await world.login('nobody');
  assertError(wrong, 403, 'M_FORBIDDEN');
  assert.deepEqual(unknown, { ...wrong, headers: unknown.headers });
  assertError(await world.login('@alice:elsewhere.test'), 403, 'M_FORBIDDEN');
  assertError(await world.login('alice', { type: 'm.login.unheard.of' }), 400, 'M_UNKNOWN');
  assertError(await world.login('alice', { identifier: { type: 'm.id.odd' } }), 400, 'M_UNKNOWN');
  const mail = { type: 'm.id.thirdparty', medium: 'email', address: 'a@b.test' };
  assertError(await world.login('alice', { identifier: mail }), 403, 'M_FORBIDDEN');
  assertError(await world.login('alice', { password: undefined }), 400, 'M_MISSING_PARAM');
  assertError(await world.login('alice', { password: 7 }), 400, 'M_BAD_JSON');
  assertError(await world.call('POST', 'login', { body: {} }), 400, 'M_MISSING_PARAM');
  assertError(await world.call('POST', 'login', { raw: '{' }), 400, 'M_NOT_JSON');
});

withAccounts('a device that logs in again keeps its name and loses its old token', async world => {
  await world.user('alice');
  const first = await world.login('alice', { device_id: 'PHONE', initial_device_display_name: 'Phone' });
  const second = await world.login('alice', { device_id: 'PHONE', initial_device_display_name: 'Other' });
  assert.equal(second.body.device_id, 'PHONE');
  assertError(await whoami(world, first.body.access_token), 401, 'M_UNKNOWN_TOKEN');
  const device = await world.call('GET', 'devices/PHONE', { token: String(second.body.access_token) });
  assert.equal(device.body.display_name, 'Phone');
  assertError(await world.login('alice', { device_id: 'x'.repeat(256) }), 400, 'M_INVALID_PARAM');
});

withAccounts(
  'N135 guesses at one account are slowed down, from wherever they come',
  async world => {
    await world.user('alice');
    await world.user('bob');
    const guess = (n: number) => world.login('alice', { password: 'wrong password' }, `10.0.0.${n}`);
    for (const n of [1, 2, 3]) assertError(await guess(n), 403, 'M_FORBIDDEN');
    assertError(await guess(4), 429, 'M_LIMIT_EXCEEDED');
    assertError(await world.login('alice', {}, '10.0.0.5'), 429, 'M_LIMIT_EXCEEDED');
    assert.equal((await world.login('bob', {}, '10.0.0.6')).status, 200);
    world.clock.advance(1000);
    assert.equal((await world.login('alice', {}, '10.0.0.7')).status, 200);
  },
  { rateLimits: ratesWith({ login: { per_second: 1, burst: 3 } }) },
);

withAccounts(
  'N137 logins are counted by address, of IPv6 by /64',
  async world => {
    await world.user('alice');
    for (const n of [1, 2, 3]) assert.equal((await world.login('alice', {}, `2001:db8::${n}`)).status, 200);
    assertError(await world.login('alice', {}, '2001:db8::4'), 429, 'M_LIMIT_EXCEEDED');
    assert.equal((await world.login('alice', {}, '2001:db8:1::1')).status, 200);
  },
  { rateLimits: ratesWith({ login: { per_second: 1, burst: 3 } }) },
);

withAccounts('a login token lets another client in, once and for a short time', async world => {
  const { token, id } = await world.user('alice');
  const path = '/_matrix/client/v1/login/get_token';
  const getToken = async () => {
    const auth = { type: 'm.login.password', password: PASSWORD };
    return (await world.call('POST', path, { token, body: { auth } })).body;
  };
  assert.equal((await world.call('POST', path, { token, body: {} })).status, 401);
  const { login_token, expires_in_ms } = await getToken();
  assert.equal(expires_in_ms, 120_000);
  const useToken = (used: unknown) => world.call('POST', 'login', { body: { type: 'm.login.token', token: used } });
  assert.equal((await useToken(login_token)).body.user_id, id);
  assertError(await useToken(login_token), 403, 'M_FORBIDDEN');
  const late = (await getToken()).login_token;
  world.clock.advance(121_000);
  assertError(await useToken(late), 403, 'M_FORBIDDEN');
});

withAccounts('without an appservice nobody logs in or registers as one', async world => {
  const login = { type: 'm.login.application_service', identifier: { type: 'm.id.user', user: 'alice' } };
  const { token } = await world.user('alice');
  for (const [path, body, status, errcode] of [
    ['login', login, 403, 'M_FORBIDDEN'],
    ['register', { type: 'm.login.application_service', username: 'irc_bob' }, 401, 'M_UNKNOWN_TOKEN'],
  ] as const) {
    assertError(await world.call('POST', path, { body }), 401, 'M_MISSING_TOKEN');
    for (const wrong of [token, 'of-nobody'])
      assertError(await world.call('POST', path, { body, token: wrong }), status, errcode);
  }
});

withAccounts('logging out ends the session and its device, and no other', async world => {
  const { token, device } = await world.user('alice');
  const other = String((await world.login('alice')).body.access_token);
  assert.deepEqual((await world.call('POST', 'logout', { token, body: {} })).body, {});
  const gone = await whoami(world, token);
  assertError(gone, 401, 'M_UNKNOWN_TOKEN');
  assert.equal(gone.body.soft_logout, false);
  assertError(await world.call('GET', `devices/${device}`, { token: other }), 404, 'M_NOT_FOUND');
  assert.equal((await world.call('POST', 'logout/all', { token: other })).status, 200);
  assertError(await whoami(world, other), 401, 'M_UNKNOWN_TOKEN');
});

withAccounts('a request without a token, with an odd one, or with one in the query', async world => {
  const { token } = await world.user('alice');
  assertError(await world.call('GET', 'account/whoami'), 401, 'M_MISSING_TOKEN');
  assertError(await whoami(world, 'x'.repeat(10_000)), 401, 'M_UNKNOWN_TOKEN');
  assert.equal((await world.call('GET', `account/whoami?access_token=${token}`)).status, 200);
});

withAccounts(
  'well-known and refresh tokens in the answer',
  async world => {
    await world.user('alice');
    const { body } = await world.login('alice', { refresh_token: true });
    assert.deepEqual(body.well_known, { 'm.homeserver': { base_url: 'https://copse.test' } });
    assert.equal(body.expires_in_ms, 5000);
    assert.equal((await whoami(world, body.access_token)).status, 200);
    world.clock.advance(5001);
    const expired = await whoami(world, body.access_token);
    assertError(expired, 401, 'M_UNKNOWN_TOKEN');
    assert.equal(expired.body.soft_logout, true);
    const fresh = await world.call('POST', 'refresh', { body: { refresh_token: body.refresh_token } });
    assert.equal((await whoami(world, fresh.body.access_token)).body.device_id, body.device_id);
    assertError(await world.call('POST', 'refresh', { body: { refresh_token: 'cpr_no' } }), 401, 'M_UNKNOWN_TOKEN');
  },
  { accessTokenMs: 5000, wellKnown: { 'm.homeserver': { base_url: 'https://copse.test' } } },
);

withAccounts('N134 a refresh token that comes again ends everything that came from its login', async world => {
  await world.user('alice');
  const login = (await world.login('alice', { refresh_token: true, device_id: 'D' })).body;
  const other = (await world.login('alice', { refresh_token: true })).body;
  const refresh = async (token: unknown) => world.call('POST', 'refresh', { body: { refresh_token: token } });
  const first = (await refresh(login.refresh_token)).body;
  // The answer may have been lost: as long as nothing new was used, the old one is good.
  const again = (await refresh(login.refresh_token)).body;
  assertError(await whoami(world, first.access_token), 401, 'M_UNKNOWN_TOKEN');
  assertError(await refresh(first.refresh_token), 401, 'M_UNKNOWN_TOKEN');
  assert.equal((await whoami(world, login.access_token)).status, 200);
  // The new access token is used: the old tokens end.
  assert.equal((await whoami(world, again.access_token)).status, 200);
  assertError(await whoami(world, login.access_token), 401, 'M_UNKNOWN_TOKEN');
  assertError(await refresh(login.refresh_token), 401, 'M_UNKNOWN_TOKEN');
  // That was a copy: the family is gone, softly, for the client's device still stands.
  const ended = await whoami(world, again.access_token);
  assertError(ended, 401, 'M_UNKNOWN_TOKEN');
  assert.equal(ended.body.soft_logout, true);
  assertError(await refresh(again.refresh_token), 401, 'M_UNKNOWN_TOKEN');
  assert.equal((await whoami(world, other.access_token)).status, 200);
  assert.equal((await world.login('alice', { device_id: 'D' })).status, 200);
});

withAccounts('a refresh token is spent when its successor is used, too', async world => {
  await world.user('alice');
  const refresh = async (token: unknown) => world.call('POST', 'refresh', { body: { refresh_token: token } });
  const login = (await world.login('alice', { refresh_token: true })).body;
  const second = (await refresh(login.refresh_token)).body;
  const third = (await refresh(second.refresh_token)).body;
  assert.equal((await whoami(world, third.access_token)).status, 200);
  assertError(await refresh(login.refresh_token), 401, 'M_UNKNOWN_TOKEN');
  assertError(await whoami(world, third.access_token), 401, 'M_UNKNOWN_TOKEN');
});
