import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccountsWorld, assertError, PASSWORD, SERVER_NAME } from '../../test/support/accounts.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import type { Random } from '../base/random.ts';
import { type UserId, userIdOf } from '../core/ids.ts';
import { sql } from '../db/sql.ts';
import type { Appservice, Appservices } from './ports.ts';
import { newSecretToken } from './secret-token.ts';

const use = (query: Record<string, string> = {}) => ({
  ip: '192.0.2.1',
  userAgent: 'test',
  query: { get: (name: string) => query[name] },
});

onEachDatabase('N132 N130 neither tokens nor passwords are in the database or in the log', async db => {
  await using world = new AccountsWorld(db, { registration: 'open' });
  const { token, id } = await world.user('alice');
  const login = (await world.login('alice', { refresh_token: true })).body;
  const { userNid } = await world.accounts.users.require(id);
  const oneTime = await world.accounts.login.createToken(userNid);
  const openId = await world.accounts.openId.create(userNid);
  const asked = await world.call('POST', 'account/password', { token, body: { new_password: 'new password 1' } });
  const auth = { type: 'm.login.password', password: PASSWORD, session: asked.body.session };
  await world.call('POST', 'account/password', { token, body: { new_password: 'new password 1', auth } });
  const secrets = [token, login.access_token, login.refresh_token, oneTime.token, openId.token].map(String);
  const dump = await dumpOf(world);
  assert.ok(dump.includes('alice'));
  for (const secret of [...secrets, PASSWORD, 'new password 1']) assert.equal(dump.includes(secret), false, secret);
});

/** Every value of every table that this part writes. Bytes as Latin-1, so that a text among them is found. */
async function dumpOf({ db }: AccountsWorld): Promise<string> {
  const tables = [
    sql`account`,
    sql`device`,
    sql`access_token`,
    sql`refresh_token`,
    sql`login_token`,
    sql`openid_token`,
    sql`auth_stage`,
    sql`account_task`,
    sql`profile_field`,
    sql`account_data`,
  ];
  let dump = '';
  for (const table of tables) {
    for (const row of await db.all(sql`select * from ${table}`)) {
      for (const value of Object.values(row)) {
        dump += value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : `${value}\n`;
      }
    }
  }
  return dump;
}

test('N133 tokens are made of what the random source gives, 32 bytes of it', () => {
  let asked = 0;
  const random: Random = {
    bytes: count => {
      asked += count;
      return Buffer.alloc(count, 7);
    },
  };
  const { token } = newSecretToken(random, 'cpa');
  assert.equal(token, `cpa_${Buffer.alloc(32, 7).toString('base64url')}`);
  assert.equal(asked, 32);
});

onEachDatabase('a session that ends in one process ends in all of them at once', async db => {
  await using one = new AccountsWorld(db);
  const { token, device } = await one.user('alice');
  await using two = new AccountsWorld(db);
  one.bus.subscribe('accounts.sessions', message => two.bus.publish('accounts.sessions', message));
  assert.equal((await two.accounts.authenticate(token, use())).deviceId, device);
  const requester = await one.accounts.authenticate(token, use());
  await one.accounts.sessions.logout(requester);
  await assert.rejects(one.accounts.authenticate(token, use()), { errcode: 'M_UNKNOWN_TOKEN' });
  // A bus message runs in a microtask after it is published.
  await new Promise(resolve => setImmediate(resolve));
  await assert.rejects(two.accounts.authenticate(token, use()), { errcode: 'M_UNKNOWN_TOKEN' });
});

onEachDatabase('a session whose end was lost on the bus is believed for a minute at most', async db => {
  await using one = new AccountsWorld(db);
  const { token } = await one.user('alice');
  await using two = new AccountsWorld(db);
  await two.accounts.authenticate(token, use());
  await one.accounts.sessions.logout(await one.accounts.authenticate(token, use()));
  two.clock.advance(60_000);
  await assert.rejects(two.accounts.authenticate(token, use()), { errcode: 'M_UNKNOWN_TOKEN' });
});

onEachDatabase('a token without a device ends with the others', async db => {
  await using world = new AccountsWorld(db);
  const { id } = await world.user('alice');
  const { userNid } = await world.accounts.users.require(id);
  const expires = world.clock.now() + 1000;
  const bare = await db.tx(tx => world.accounts.sessions.openBare(tx, userNid, -1, undefined));
  const brief = await db.tx(tx => world.accounts.sessions.openBare(tx, userNid, -1, expires));
  assert.equal((await world.accounts.authenticate(bare, use())).deviceId, undefined);
  world.clock.advance(1000);
  await assert.rejects(world.accounts.authenticate(brief, use()), { errcode: 'M_UNKNOWN_TOKEN' });
  await world.accounts.sessions.logoutAll(userNid);
  await assert.rejects(world.accounts.authenticate(bare, use()), { errcode: 'M_UNKNOWN_TOKEN' });
});

onEachDatabase('what has expired is cleared away', async db => {
  await using world = new AccountsWorld(db, { accessTokenMs: 1000 });
  await world.user('alice');
  const { body } = await world.login('alice', { refresh_token: true });
  const { userNid } = await world.accounts.users.require(userIdOf('alice', SERVER_NAME));
  await world.accounts.login.createToken(userNid);
  await world.accounts.openId.create(userNid);
  world.clock.advance(31 * 24 * 60 * 60_000);
  await world.accounts.sweep();
  const count = async (table: ReturnType<typeof sql>) => (await db.all(sql`select * from ${table}`)).length;
  assert.deepEqual([await count(sql`login_token`), await count(sql`openid_token`)], [0, 0]);
  assert.equal(await count(sql`access_token`), 1);
  // The refresh token is still the client's way back in.
  const refresh = { refresh_token: body.refresh_token };
  assert.equal((await world.call('POST', 'refresh', { body: refresh })).status, 200);
});

const bridge: Appservice = {
  id: 'irc',
  sender: userIdOf('irc_bot', SERVER_NAME),
  rateLimited: false,
  ownsUser: userId => userId.startsWith('@irc_'),
};

const bridges: Appservices = {
  find: token => (token === 'as-token' ? bridge : undefined),
  exclusiveOwner: userId => (userId.startsWith('@irc_') ? 'irc' : undefined),
};

onEachDatabase('N190 an appservice acts as its users, with their devices, and as nobody else', async db => {
  await using world = new AccountsWorld(db, { registration: 'closed' }, { appservices: bridges });
  const token = 'as-token';
  const as = (user_id: string, more: Record<string, string> = {}) =>
    world.accounts.authenticate(token, use({ user_id, ...more }));
  const sender = await world.accounts.authenticate(token, use());
  assert.deepEqual([sender.userId, sender.appservice], [bridge.sender, { id: 'irc', rateLimited: false }]);
  await assert.rejects(as('@irc_bob:copse.test'), { errcode: 'M_FORBIDDEN' });
  await assert.rejects(as('@alice:copse.test'), { errcode: 'M_FORBIDDEN' });
  const body = { type: 'm.login.application_service', username: 'irc_bob', inhibit_login: true };
  const made = await world.call('POST', 'register', { token, body });
  assert.deepEqual(made.body, { user_id: '@irc_bob:copse.test', home_server: SERVER_NAME });
  assert.equal((await as('@irc_bob:copse.test')).userId, '@irc_bob:copse.test');
  await assert.rejects(as('@irc_bob:copse.test', { device_id: 'D' }), { errcode: 'M_UNKNOWN_DEVICE', status: 400 });
  const device = `devices/D?user_id=@irc_bob:copse.test`;
  assert.equal((await world.call('PUT', device, { token, body: { display_name: 'Bridge' } })).status, 201);
  assert.equal((await as('@irc_bob:copse.test', { device_id: 'D' })).deviceId, 'D');
  assert.equal((await world.call('DELETE', device, { token })).status, 200);
  const outside = { ...body, username: 'alice' };
  assert.equal((await world.call('POST', 'register', { token, body: outside })).body.errcode, 'M_EXCLUSIVE');
});

onEachDatabase(
  'N192 a token of an appservice closes no other account and is no administrator by another one',
  async db => {
    await using world = new AccountsWorld(db, {}, { appservices: bridges });
    const token = 'as-token';
    const alice = await world.user('alice');
    // An account in the namespace that was there before the appservice, of an administrator at that.
    await world.db.tx(async tx => {
      const userId = '@irc_admin:copse.test' as UserId;
      await world.accounts.users.create(tx, { userId, isAdmin: true });
    });
    const whois = (query: string) => world.call('GET', `admin/whois/${alice.id}${query}`, { token });
    assertError(await whois('?user_id=@irc_admin:copse.test'), 403, 'M_FORBIDDEN');
    assertError(await whois(''), 403, 'M_FORBIDDEN');
    for (const [method, path] of [
      ['POST', 'account/deactivate'],
      ['POST', 'account/password'],
      ['POST', 'logout/all'],
      ['PUT', `profile/${alice.id}/displayname`],
    ] as const) {
      const body = { new_password: 'taken over by a bridge', displayname: 'x' };
      const answer = await world.call(method, `${path}?user_id=${alice.id}`, { token, body });
      assertError(answer, 403, 'M_FORBIDDEN');
    }
    assert.equal((await world.call('GET', 'account/whoami', { token: alice.token })).status, 200);
    const foreign = { type: 'm.login.application_service', username: '@irc_bob:elsewhere.example' };
    assertError(await world.call('POST', 'register', { token, body: foreign }), 400, 'M_INVALID_USERNAME');
  },
);

onEachDatabase('N193 nobody else gets a name that an appservice keeps', async db => {
  await using world = new AccountsWorld(db, {}, { appservices: bridges });
  const auth = { type: 'm.login.dummy' };
  for (const username of ['irc_bob', 'IRC_Bob']) {
    const body = { username, password: PASSWORD, auth };
    assertError(await world.call('POST', 'register', { body }), 400, 'M_EXCLUSIVE');
  }
  const other = { type: 'm.login.application_service', username: 'irc_bob' };
  assertError(await world.call('POST', 'register', { token: 'no-token', body: other }), 401, 'M_UNKNOWN_TOKEN');
  assertError(await world.call('POST', 'register', { body: other }), 401, 'M_MISSING_TOKEN');
});

onEachDatabase('N129 an appservice logs in its users, but no deactivated one', async db => {
  await using world = new AccountsWorld(db, {}, { appservices: bridges });
  const token = 'as-token';
  const body = { type: 'm.login.application_service', username: 'irc_bob' };
  assert.equal((await world.call('GET', 'register/available?username=irc_bob')).body.errcode, 'M_EXCLUSIVE');
  await world.call('POST', 'register', { token, body });
  const login = { type: body.type, identifier: { type: 'm.id.user', user: 'irc_bob' } };
  const { access_token } = (await world.call('POST', 'login', { token, body: login })).body;
  const bob = await world.accounts.authenticate(String(access_token), use());
  assert.equal(bob.userId, '@irc_bob:copse.test');
  await world.accounts.changes.deactivate(bob.userNid, false);
  assert.equal((await world.call('POST', 'login', { token, body: login })).body.errcode, 'M_USER_DEACTIVATED');
  const acting = world.accounts.authenticate(token, use({ user_id: bob.userId }));
  await assert.rejects(acting, { errcode: 'M_USER_DEACTIVATED', status: 403 });
});
