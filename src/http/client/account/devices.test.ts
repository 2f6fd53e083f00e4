import assert from 'node:assert/strict';
import { AccountsWorld, assertError, PASSWORD, SERVER_NAME, withAccounts } from '../../../../test/support/accounts.ts';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { noDeviceListener } from '../../../accounts/ports.ts';
import { userIdOf } from '../../../core/ids.ts';
import { sql } from '../../../db/sql.ts';

const auth = { type: 'm.login.password', password: PASSWORD };

withAccounts('devices are listed, looked at and renamed', async world => {
  const { token, device } = await world.user('alice');
  await world.login('alice', { device_id: 'A/b ü', initial_device_display_name: 'n'.repeat(1000) });
  const path = `devices/${encodeURIComponent('A/b ü')}`;
  assert.equal((await world.call('GET', path, { token })).body.display_name, 'n'.repeat(400));
  assert.equal((await world.call('PUT', path, { token, body: { display_name: 'Phone' } })).status, 200);
  assert.equal((await world.call('PUT', path, { token, body: {} })).status, 200);
  const seenAtLogin = { last_seen_ip: '127.0.0.1', last_seen_ts: world.clock.now() };
  const phone = { device_id: 'A/b ü', display_name: 'Phone', ...seenAtLogin };
  assert.deepEqual((await world.call('GET', path, { token })).body, phone);
  const { devices } = (await world.call('GET', 'devices', { token })).body;
  assert.deepEqual([devices?.[0]?.device_id, devices?.[1]?.device_id].sort(), ['A/b ü', device].sort());
  const long = { display_name: 'x'.repeat(401) };
  assertError(await world.call('PUT', path, { token, body: long }), 400, 'M_TOO_LARGE');
  for (const method of ['GET', 'PUT'] as const) {
    const body = method === 'PUT' ? { body: { display_name: 'x' } } : {};
    assertError(await world.call(method, 'devices/UNKNOWN', { token, ...body }), 404, 'M_NOT_FOUND');
  }
});

withAccounts('a device that is deleted takes its session with it; one that is not there is no error', async world => {
  const { token } = await world.user('alice');
  const other = (await world.login('alice', { device_id: 'OTHER' })).body;
  const third = (await world.login('alice', { device_id: 'THIRD' })).body;
  assert.equal((await world.call('DELETE', 'devices/OTHER', { token, body: { auth } })).status, 200);
  assertError(await world.call('GET', 'account/whoami', { token: String(other.access_token) }), 401, 'M_UNKNOWN_TOKEN');
  assertError(await world.call('GET', 'devices/OTHER', { token }), 404, 'M_NOT_FOUND');
  const body = { devices: ['THIRD', 'OTHER', 'NEVER'], auth };
  assert.equal((await world.call('POST', 'delete_devices', { token, body })).status, 200);
  assertError(await world.call('GET', 'account/whoami', { token: String(third.access_token) }), 401, 'M_UNKNOWN_TOKEN');
  assertError(await world.call('POST', 'delete_devices', { token, body: { auth } }), 400, 'M_MISSING_PARAM');
});

withAccounts(
  'when devices were seen is shown at once, to the user and to administrators, and written once a minute',
  async world => {
    const { token, id } = await world.user('alice');
    const seen = { token, ip: '192.0.2.7', headers: { 'user-agent': 'Tester/1.0' } };
    const { device_id } = (await world.call('GET', 'account/whoami', seen)).body;
    const ts = world.clock.now();
    const before = await world.call('GET', `devices/${device_id}`, { token, ip: '192.0.2.8' });
    assert.deepEqual([before.body.last_seen_ip, before.body.last_seen_ts], ['192.0.2.8', ts]);
    const storedIp = async () =>
      (await world.db.get<{ last_seen_ip: string | null }>(sql`select last_seen_ip from device`))?.last_seen_ip;
    assert.equal(await storedIp(), null);
    world.clock.advance(60_000);
    await world.accounts.flushLastSeen();
    assert.equal(await storedIp(), '192.0.2.8');
    const admin = await world.admin('root');
    const path = `admin/whois/${id}`;
    const whois = (await world.call('GET', path, { token: admin.token })).body;
    const [session] = Object.values(whois.devices ?? {});
    assert.deepEqual(session?.sessions?.[0]?.connections?.[0]?.ip, '192.0.2.8');
    assert.deepEqual((await world.call('GET', path, { token })).body.user_id, id);
    const bob = await world.user('bob');
    assertError(await world.call('GET', path, { token: bob.token }), 403, 'M_FORBIDDEN');
    assertError(await world.call('GET', 'admin/whois/@no:copse.test', { token: admin.token }), 404, 'M_NOT_FOUND');
  },
);

withAccounts('a new password ends the other sessions, unless it is told not to', async world => {
  const { token } = await world.user('alice');
  const other = String((await world.login('alice')).body.access_token);
  const change = (new_password: string, password: string, more: object = {}) => {
    const body = { new_password, auth: { ...auth, password }, ...more };
    return world.call('POST', 'account/password', { token, body });
  };
  assertError(await change('short', PASSWORD), 400, 'M_WEAK_PASSWORD');
  const unproved = await world.call('POST', 'account/password', { token, body: { new_password: 'short' } });
  assertError(unproved, 400, 'M_WEAK_PASSWORD');
  assert.equal((await change('second password', PASSWORD, { logout_devices: false })).status, 200);
  assert.equal((await world.call('GET', 'account/whoami', { token: other })).status, 200);
  assert.equal((await change('third password', 'second password')).status, 200);
  assertError(await world.call('GET', 'account/whoami', { token: other }), 401, 'M_UNKNOWN_TOKEN');
  assert.equal((await world.call('GET', 'account/whoami', { token })).status, 200);
  assertError(await world.login('alice'), 403, 'M_FORBIDDEN');
  assert.equal((await world.login('alice', { password: 'third password' })).status, 200);
});

withAccounts('third-party identifiers: there are none', async world => {
  const { token } = await world.user('alice');
  assert.deepEqual((await world.call('GET', 'account/3pid', { token })).body, { threepids: [] });
});

withAccounts('an OpenID token proves its user to others for an hour, and is no access token', async world => {
  const { token, id } = await world.user('alice');
  const path = `user/${id}/openid/request_token`;
  const { body } = await world.call('POST', path, { token, body: {} });
  assert.deepEqual([body.token_type, body.matrix_server_name, body.expires_in], ['Bearer', 'copse.test', 3600]);
  const openIdToken = String(body.access_token);
  assert.equal(await world.accounts.openId.owner(openIdToken), id);
  assertError(await world.call('GET', 'account/whoami', { token: openIdToken }), 401, 'M_UNKNOWN_TOKEN');
  assert.equal(await world.accounts.openId.owner(token), undefined);
  world.clock.advance(3_600_000);
  assert.equal(await world.accounts.openId.owner(openIdToken), undefined);
  const bob = await world.user('bob');
  assertError(await world.call('POST', path, { token: bob.token, body: {} }), 403, 'M_FORBIDDEN');
});

onEachDatabase('the part for keys is told of devices in the transaction that changes them', async db => {
  const told: string[] = [];
  const listener = {
    ...noDeviceListener,
    deviceRemoved: async (_tx: object, userNid: number, ids: readonly string[]) => {
      told.push(`removed ${userNid} ${ids.toSorted()}`);
    },
    deviceChanged: async (_tx: object, userNid: number, ids: readonly string[]) => {
      if (ids.includes('BROKEN')) throw new RangeError('the keys cannot be written');
      told.push(`changed ${userNid} ${ids}`);
    },
    accountClosed: async () => undefined,
    isReservedDeviceId: async (_db: object, _userNid: number, id: string) => id === 'CROSS/SIGNING+KEY',
  };
  await using world = new AccountsWorld(db, {}, { devices: listener });
  const { token, device } = await world.user('alice');
  const { userNid } = await world.accounts.users.require(userIdOf('alice', SERVER_NAME));
  await world.login('alice', { device_id: 'B' });
  await world.call('PUT', 'devices/B', { token, body: { display_name: 'x' } });
  assertError(await world.login('alice', { device_id: 'CROSS/SIGNING+KEY' }), 403, 'M_FORBIDDEN');
  assert.equal((await world.login('alice', { device_id: 'BROKEN' })).status, 500);
  assert.equal(await world.accounts.devices.find(userNid, 'BROKEN'), undefined);
  await world.call('POST', 'logout/all', { token, body: {} });
  const all = [device, 'B'].toSorted();
  assert.deepEqual(told, [
    `changed ${userNid} ${device}`,
    `changed ${userNid} B`,
    `changed ${userNid} B`,
    `removed ${userNid} ${all}`,
  ]);
});
