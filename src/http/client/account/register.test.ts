import assert from 'node:assert/strict';
import {
  AccountsWorld,
  assertError,
  PASSWORD,
  ratesWith,
  SERVER_NAME,
  withAccounts,
} from '../../../../test/support/accounts.ts';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { userIdOf } from '../../../core/ids.ts';

const dummy = { type: 'm.login.dummy' };

withAccounts('an empty registration is answered with flows, and goes on in its session', async world => {
  const asked = await world.call('POST', 'register', { body: {} });
  assert.equal(asked.status, 401);
  assert.deepEqual(asked.body.flows, [{ stages: ['m.login.dummy'] }]);
  assert.equal(asked.body.errcode, undefined);
  const auth = { ...dummy, session: asked.body.session };
  const made = await world.call('POST', 'register', { body: { username: 'alice', password: PASSWORD, auth } });
  assert.equal(made.status, 200);
  assert.equal(made.body.user_id, '@alice:copse.test');
  const who = await world.call('GET', 'account/whoami', { token: String(made.body.access_token) });
  assert.deepEqual(who.body, { user_id: '@alice:copse.test', device_id: made.body.device_id, is_guest: false });
});

withAccounts('device ID, inhibit_login and a made-up name', async world => {
  const body = { username: 'alice', password: PASSWORD, auth: dummy, device_id: 'MINE' };
  assert.equal((await world.call('POST', 'register', { body })).body.device_id, 'MINE');
  const quiet = await world.call('POST', 'register', {
    body: { password: PASSWORD, auth: dummy, inhibit_login: true },
  });
  assert.deepEqual(Object.keys(quiet.body).sort(), ['home_server', 'user_id']);
  assert.match(String(quiet.body.user_id), /^@[a-z0-9]{12}:copse\.test$/);
});

withAccounts('N127 a name that differs only by case or width from one that is taken is not given out', async world => {
  await world.user('alice');
  for (const username of ['alice', 'ALICE', 'aLice']) {
    assertError(await world.call('POST', 'register', { body: { username, password: PASSWORD } }), 400, 'M_USER_IN_USE');
    assertError(await world.call('GET', `register/available?username=${username}`), 400, 'M_USER_IN_USE');
  }
  for (const username of ['ａlice', 'alıce', '\u212Aate', 'a b', 'a:b', '', 'é', "o'neill", 'a'.repeat(250)]) {
    const body = { username, password: PASSWORD, auth: dummy };
    assertError(await world.call('POST', 'register', { body }), 400, 'M_INVALID_USERNAME');
  }
  // An account that came from elsewhere with capital letters.
  await world.db.tx(tx => world.accounts.users.create(tx, { userId: userIdOf('Bob', SERVER_NAME) }));
  assertError(await world.call('GET', 'register/available?username=bob'), 400, 'M_USER_IN_USE');
  assert.deepEqual((await world.call('GET', 'register/available?username=carol')).body, { available: true });
});

withAccounts('N128 registering an existing account changes nothing about it', async world => {
  await world.user('alice');
  const body = { username: 'alice', password: 'another password', auth: dummy };
  assertError(await world.call('POST', 'register', { body }), 400, 'M_USER_IN_USE');
  assert.equal((await world.login('alice')).status, 200);
  assertError(await world.login('alice', { password: 'another password' }), 403, 'M_FORBIDDEN');
});

onEachDatabase('N128 of two registrations of one name at once, one gets it', async db => {
  await using world = new AccountsWorld(db);
  const register = (username: string) =>
    world.call('POST', 'register', { body: { username, password: PASSWORD, auth: dummy } });
  const both = await Promise.all(['alice', 'Alice'].map(register));
  assert.deepEqual(both.map(answer => answer.status).sort(), [200, 400]);
});

withAccounts('N138 there are no guests', async world => {
  assertError(await world.call('POST', 'register?kind=guest', { body: {} }), 403, 'M_GUEST_ACCESS_FORBIDDEN');
  assertError(await world.call('POST', 'register?kind=other', { body: {} }), 400, 'M_INVALID_PARAM');
});

withAccounts('N135 weak and overlong passwords are refused before anything else', async world => {
  const register = (password: string) => world.call('POST', 'register', { body: { username: 'a', password } });
  assertError(await register('short'), 400, 'M_WEAK_PASSWORD');
  assertError(await register('x'.repeat(513)), 400, 'M_INVALID_PARAM');
  assertError(await world.call('POST', 'register', { body: { username: 'a', auth: dummy } }), 400, 'M_MISSING_PARAM');
});

withAccounts(
  'a closed server registers nobody',
  async world => {
    assertError(await world.call('POST', 'register', { body: {} }), 403, 'M_FORBIDDEN');
    const validity = '/_matrix/client/v1/register/m.login.registration_token/validity?token=x';
    assertError(await world.call('GET', validity), 403, 'M_FORBIDDEN');
  },
  { registration: 'closed' },
);

withAccounts(
  'a registration token is good for as many accounts as it says',
  async world => {
    const token = await world.accounts.registrationTokens.create('let-me-in', { usesAllowed: 1 });
    const validity = () =>
      world.call('GET', `/_matrix/client/v1/register/m.login.registration_token/validity?token=${token}`);
    assert.deepEqual((await validity()).body, { valid: true });
    const register = (username: string, auth: object) =>
      world.call('POST', 'register', { body: { username, password: PASSWORD, auth } });
    const wrong = await register('alice', { type: 'm.login.registration_token', token: 'wrong' });
    assertError(wrong, 401, 'M_FORBIDDEN');
    const right = { type: 'm.login.registration_token', token, session: wrong.body.session };
    assert.equal((await register('alice', right)).status, 200);
    assert.deepEqual((await validity()).body, { valid: false });
    assertError(await register('bob', { type: 'm.login.registration_token', token }), 401, 'M_FORBIDDEN');
    const [row] = await world.accounts.registrationTokens.list();
    assert.deepEqual([row?.pending, row?.completed], [0, 1]);
  },
  { registration: 'token' },
);

withAccounts(
  'a use that was reserved and not taken comes back when its session ends',
  async world => {
    const token = await world.accounts.registrationTokens.create(undefined, { usesAllowed: 1 });
    // Reserved, but the account cannot be made: there is no password.
    const auth = { type: 'm.login.registration_token', token };
    assertError(await world.call('POST', 'register', { body: { username: 'alice', auth } }), 400, 'M_MISSING_PARAM');
    assert.equal(await world.accounts.registrationTokens.isValid(token), false);
    world.clock.advance(16 * 60_000);
    await world.accounts.sweep();
    assert.equal(await world.accounts.registrationTokens.isValid(token), true);
  },
  { registration: 'token' },
);

withAccounts(
  'N137 registrations are counted by address, of IPv6 by /64',
  async world => {
    const register = (username: string, ip: string) =>
      world.call('POST', 'register', { body: { username, password: PASSWORD, auth: dummy }, ip });
    assert.equal((await register('a1', '2001:db8::1')).status, 200);
    const second = await register('a2', '2001:db8::ffff:2');
    assertError(second, 429, 'M_LIMIT_EXCEEDED');
    assert.ok(Number(second.body.retry_after_ms) > 0 && second.headers['retry-after'] !== undefined);
    assert.equal((await register('a2', '2001:db8:0:1::1')).status, 200);
  },
  { rateLimits: ratesWith({ registration: { per_second: 0.01, burst: 1 } }) },
);

withAccounts(
  'N173 an address that a client writes into X-Forwarded-For itself does not help it',
  async world => {
    const register = (username: string, ip: string) =>
      world.call('POST', 'register', { body: { username, password: PASSWORD, auth: dummy }, ip });
    assert.equal((await register('a1', '198.51.100.1, 203.0.113.7')).status, 200);
    assertError(await register('a2', '198.51.100.2, 203.0.113.7'), 429, 'M_LIMIT_EXCEEDED');
  },
  { rateLimits: ratesWith({ registration: { per_second: 0.01, burst: 1 } }) },
);
