import assert from 'node:assert/strict';
import {
  type AccountsWorld,
  assertError,
  PASSWORD,
  type TestUser,
  withAccounts,
} from '../../../../test/support/accounts.ts';

const password = (more: object = {}) => ({ type: 'm.login.password', password: PASSWORD, ...more });

async function deviceOf(world: AccountsWorld, user: string): Promise<string> {
  return String((await world.login(user)).body.device_id);
}

function deleteDevice(world: AccountsWorld, user: TestUser, device: string, auth?: object) {
  return world.call('DELETE', `devices/${device}`, { token: user.token, ...(auth && { body: { auth } }) });
}

withAccounts('N126 nothing that needs the password happens without it', async world => {
  const alice = await world.user('alice');
  const { token } = alice;
  const device = await deviceOf(world, 'alice');
  for (const [method, path, body] of [
    ['DELETE', `devices/${device}`, undefined],
    ['POST', 'delete_devices', { devices: [device] }],
    ['POST', 'account/password', { new_password: 'a new password' }],
    ['POST', 'account/deactivate', {}],
    ['POST', '/_matrix/client/v1/login/get_token', {}],
  ] as const) {
    const asked = await world.call(method, path, { token, ...(body && { body }) });
    assert.equal(asked.status, 401, path);
    assert.deepEqual(asked.body.flows, [{ stages: ['m.login.password'] }]);
    assert.deepEqual(Object.keys(asked.body).sort(), ['flows', 'params', 'session']);
    const session = asked.body.session;
    for (const auth of [{ session }, { session, ...password({ password: 'wrong password' }) }]) {
      assert.equal((await world.call(method, path, { token, body: { ...body, auth } })).status, 401, path);
    }
  }
  assert.equal((await world.call('GET', `devices/${device}`, { token })).status, 200);
  assert.equal((await world.login('alice')).status, 200);
});

withAccounts('N125 a stage that is not offered completes nothing', async world => {
  const alice = await world.user('alice');
  const device = await deviceOf(world, 'alice');
  for (const type of ['m.login.dummy', 'm.login.registration_token', 'm.login.sso', '__proto__', '']) {
    assertError(await deleteDevice(world, alice, device, { type }), 403, 'M_FORBIDDEN');
  }
  const missing = await deleteDevice(world, alice, device, { type: 'm.login.password' });
  assertError(missing, 400, 'M_MISSING_PARAM');
});

withAccounts('N125 a session is good for one operation, one body and one user', async world => {
  const alice = await world.user('alice');
  const bob = await world.user('bob');
  const [one, two] = [await deviceOf(world, 'alice'), await deviceOf(world, 'alice')];
  const { session } = (await deleteDevice(world, alice, one)).body;
  const auth = password({ session });
  assertError(await deleteDevice(world, alice, two, auth), 403, 'M_FORBIDDEN');
  assertError(await deleteDevice(world, bob, one, auth), 403, 'M_FORBIDDEN');
  const token = alice.token;
  const other = await world.call('POST', 'delete_devices', { token, body: { devices: [one], auth } });
  assertError(other, 403, 'M_FORBIDDEN');
  const changed = { token, body: { extra: 1, auth } };
  assertError(await world.call('DELETE', `devices/${one}`, changed), 403, 'M_FORBIDDEN');
  assert.equal((await deleteDevice(world, alice, one, auth)).status, 200);
});

withAccounts('N125 a session of the password change cannot be turned to another password', async world => {
  const { token } = await world.user('alice');
  const change = (new_password: string, auth?: object) =>
    world.call('POST', 'account/password', { token, body: { new_password, ...(auth && { auth }) } });
  const { session } = (await change('the wanted password')).body;
  assertError(await change('an evil password', password({ session })), 403, 'M_FORBIDDEN');
  assert.equal((await change('the wanted password', password({ session }))).status, 200);
});

withAccounts("N125 another user's password is refused, and so is a forged session", async world => {
  const alice = await world.user('alice');
  await world.user('bob', 'password of bob');
  const device = await deviceOf(world, 'alice');
  const identifier = { type: 'm.id.user', user: 'bob' };
  const asBob = password({ identifier, password: 'password of bob' });
  assertError(await deleteDevice(world, alice, device, asBob), 403, 'M_FORBIDDEN');
  const { session } = (await deleteDevice(world, alice, device)).body;
  const forged = String(session).replace(/.$/, last => (last === 'A' ? 'B' : 'A'));
  const answer = await deleteDevice(world, alice, device, { session: forged });
  assert.equal(answer.status, 401);
  assert.notEqual(answer.body.session, forged);
});

withAccounts('a session that has expired is replaced by a new one', async world => {
  const alice = await world.user('alice');
  const device = await deviceOf(world, 'alice');
  const { session } = (await deleteDevice(world, alice, device)).body;
  world.clock.advance(15 * 60_000);
  const answer = await deleteDevice(world, alice, device, { session });
  assert.equal(answer.status, 401);
  assert.notEqual(answer.body.session, session);
  assert.equal(
    (await deleteDevice(world, alice, device, { session: answer.body.session })).body.session,
    answer.body.session,
  );
});

withAccounts('the password may come at once, with the user named in any of the usual ways', async world => {
  const alice = await world.user('alice');
  for (const who of [{}, { user: alice.id }, { identifier: { type: 'm.id.user', user: 'Alice' } }]) {
    const device = await deviceOf(world, 'alice');
    assert.equal((await deleteDevice(world, alice, device, password(who))).status, 200);
  }
  const wrong = await deleteDevice(world, alice, 'X', password({ password: 'wrong password' }));
  assertError(wrong, 401, 'M_FORBIDDEN');
  assert.deepEqual(wrong.body.flows, [{ stages: ['m.login.password'] }]);
});

withAccounts(
  'N125 of two accounts from one session with one registration token, the second is refused',
  async world => {
    const token = await world.accounts.registrationTokens.create('open-sesame');
    const probe = await world.call('POST', 'register', { body: {} });
    const auth = { type: 'm.login.registration_token', token, session: probe.body.session };
    const both = await Promise.all(
      ['alice', 'bob'].map(username =>
        world.call('POST', 'register', { body: { username, password: PASSWORD, auth } }),
      ),
    );
    assert.deepEqual(both.map(answer => answer.status).sort(), [200, 403]);
    const [row] = await world.accounts.registrationTokens.list();
    assert.deepEqual([row?.pending, row?.completed], [0, 1]);
  },
  { registration: 'token' },
);
