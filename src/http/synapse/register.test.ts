import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { AccountsWorld, assertError, PASSWORD, SHARED_SECRET, withAccounts } from '../../../test/support/accounts.ts';

import { onEachDatabase } from '../../../test/support/databases.ts';
import { heard, twoBuses } from '../../../test/support/joined-buses.ts';
import type { UserId } from '../../core/ids.ts';

const PATH = '/_synapse/admin/v1/register';

interface Wanted {
  readonly username: string;
  readonly admin?: boolean;
  readonly user_type?: string;
  readonly displayname?: string;
}

async function nonce(world: AccountsWorld): Promise<string> {
  return String((await world.call('GET', PATH)).body.nonce);
}

function signed(once: string, wanted: Wanted, secret = SHARED_SECRET) {
  const parts = [once, wanted.username, PASSWORD, wanted.admin ? 'admin' : 'notadmin'];
  if (wanted.user_type !== undefined) parts.push(wanted.user_type);
  const mac = createHmac('sha1', secret).update(parts.join('\0')).digest('hex');
  return { nonce: once, password: PASSWORD, mac, ...wanted };
}

withAccounts(
  'whoever knows the secret makes accounts, of administrators too, though registration is closed',
  async world => {
    const alice = await world.call('POST', PATH, { body: signed(await nonce(world), { username: 'Alice' }) });
    assert.equal(alice.body.user_id, '@alice:copse.test');
    assert.equal((await world.call('GET', 'account/whoami', { token: String(alice.body.access_token) })).status, 200);
    assert.equal((await world.login('alice')).status, 200);
    const wanted = { username: 'root', admin: true, displayname: 'The Root', user_type: 'bot' };
    const root = await world.call('POST', PATH, { body: signed(await nonce(world), wanted) });
    const path = '/_matrix/client/v1/admin/lock/@alice:copse.test';
    assert.equal((await world.call('GET', path, { token: String(root.body.access_token) })).status, 200);
    const profile = await world.call('GET', 'profile/@root:copse.test');
    assert.deepEqual(profile.body, { displayname: 'The Root' });
  },
  { registration: 'closed' },
);

withAccounts('scripts say which session they want with an account, or none, and of what type it is', async world => {
  const register = async (username: string, wish: object, userType?: string) => {
    const wanted = { username, ...(userType !== undefined && { user_type: userType }) };
    return world.call('POST', PATH, { body: { ...signed(await nonce(world), wanted), ...wish } });
  };
  const quiet = await register('alice', { inhibit_login: true });
  assert.deepEqual(quiet.body, { user_id: '@alice:copse.test', home_server: 'copse.test' });
  const wish = { device_id: 'ROBOT', initial_device_display_name: 'A robot', refresh_token: true };
  const { body } = await register('bob', wish, 'bot');
  assert.equal(body.device_id, 'ROBOT');
  assert.equal(typeof body.refresh_token, 'string');
  const { devices } = (await world.call('GET', 'devices', { token: String(body.access_token) })).body;
  assert.equal((devices as unknown as { display_name?: string }[])[0]?.display_name, 'A robot');
  const { users, userList } = world.accounts;
  const typeOf = async (name: string) => {
    const user = await users.find(`@${name}:copse.test` as UserId);
    return (await userList.one(user?.userNid ?? assert.fail(name)))?.userType;
  };
  assert.deepEqual([await typeOf('alice'), await typeOf('bob')], [undefined, 'bot']);
  assertError(await register('carol', {}, 'x'.repeat(101)), 400, 'M_INVALID_PARAM');
});

withAccounts('a signature is good for one account, for a minute, and for what it says', async world => {
  const once = await nonce(world);
  const body = signed(once, { username: 'alice' });
  assertError(await world.call('POST', PATH, { body: { ...body, admin: true } }), 403, 'M_FORBIDDEN');
  assertError(await world.call('POST', PATH, { body }), 400, 'M_UNKNOWN');
  const forged = signed(await nonce(world), { username: 'alice' }, 'a guess');
  assertError(await world.call('POST', PATH, { body: forged }), 403, 'M_FORBIDDEN');
  const late = signed(await nonce(world), { username: 'alice' });
  world.clock.advance(60_000);
  assertError(await world.call('POST', PATH, { body: late }), 400, 'M_UNKNOWN');
  const odd = signed(await nonce(world), { username: 'us,er' });
  assertError(await world.call('POST', PATH, { body: odd }), 400, 'M_INVALID_USERNAME');
  const empty = { ...signed(await nonce(world), { username: 'alice' }), mac: '' };
  assertError(await world.call('POST', PATH, { body: empty }), 403, 'M_FORBIDDEN');
});

withAccounts('nonces do not pile up, given out or used', async world => {
  const first = await nonce(world);
  for (let i = 0; i < 1200; i++) {
    const body = { ...signed(await nonce(world), { username: 'alice' }), mac: '' };
    assertError(await world.call('POST', PATH, { body }), 403, 'M_FORBIDDEN');
  }
  assert.equal(world.accounts.sharedSecret.remembered, 1000);
  const alice = await world.call('POST', PATH, { body: signed(first, { username: 'alice' }) });
  assert.equal(alice.status, 200);
  world.clock.advance(60_001);
  const bob = await world.call('POST', PATH, { body: signed(await nonce(world), { username: 'bob' }) });
  assert.equal(bob.status, 200);
  assert.equal(world.accounts.sharedSecret.remembered, 1);
});

onEachDatabase('a nonce is good at every process of a cluster, and at one of them once', async db => {
  const [busHere, busThere] = twoBuses();
  await using here = new AccountsWorld(db, {}, {}, busHere);
  await using there = new AccountsWorld(db, {}, {}, busThere);
  const once = await nonce(here);
  const alice = await there.call('POST', PATH, { body: signed(once, { username: 'alice' }) });
  assert.equal(alice.status, 200);
  await heard();
  assertError(await here.call('POST', PATH, { body: signed(once, { username: 'bob' }) }), 400, 'M_UNKNOWN');
  assertError(await there.call('POST', PATH, { body: signed(once, { username: 'bob' }) }), 400, 'M_UNKNOWN');
  assertError(await here.call('POST', PATH, { body: signed('ab.cd', { username: 'bob' }) }), 400, 'M_UNKNOWN');
});

onEachDatabase('a session that ends at one process has ended at the others', async db => {
  const [busHere, busThere] = twoBuses();
  await using here = new AccountsWorld(db, {}, {}, busHere);
  await using there = new AccountsWorld(db, {}, {}, busThere);
  const made = await here.call('POST', PATH, { body: signed(await nonce(here), { username: 'alice' }) });
  const token = String(made.body.access_token);
  assert.equal((await there.call('GET', 'account/whoami', { token })).status, 200);
  await here.call('POST', 'logout', { token });
  await heard();
  assertError(await there.call('GET', 'account/whoami', { token }), 401, 'M_UNKNOWN_TOKEN');
});

withAccounts(
  'without a secret there is no such registration',
  async world => {
    assertError(await world.call('GET', PATH), 403, 'M_FORBIDDEN');
    const body = signed('', { username: 'alice' }, '');
    assertError(await world.call('POST', PATH, { body }), 403, 'M_FORBIDDEN');
  },
  { registrationSharedSecret: undefined },
);
