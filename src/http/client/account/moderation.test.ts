import assert from 'node:assert/strict';
import { AccountsWorld, assertError, PASSWORD, SERVER_NAME, withAccounts } from '../../../../test/support/accounts.ts';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { noRoomFollower } from '../../../accounts/ports.ts';
import { userIdOf } from '../../../core/ids.ts';

const auth = { type: 'm.login.password', password: PASSWORD };
const ADMIN = '/_matrix/client/v1/admin';

withAccounts('a locked user can do nothing until unlocked, and keeps the session', async world => {
  const { token, id } = await world.user('alice');
  const admin = await world.admin('root');
  const lock = (locked: boolean) => world.call('PUT', `${ADMIN}/lock/${id}`, { token: admin.token, body: { locked } });
  assert.equal((await world.call('GET', 'account/whoami', { token })).status, 200);
  assert.deepEqual((await lock(true)).body, { locked: true });
  const refused = await world.call('GET', 'account/whoami', { token });
  assertError(refused, 401, 'M_USER_LOCKED');
  assert.equal(refused.body.soft_logout, true);
  assertError(await world.login('alice'), 401, 'M_USER_LOCKED');
  const use = { ip: '', userAgent: undefined, query: { get: () => undefined }, allowLocked: true };
  assert.equal((await world.accounts.authenticate(token, use)).userId, id);
  assert.deepEqual((await world.call('GET', `${ADMIN}/lock/${id}`, { token: admin.token })).body, { locked: true });
  await lock(false);
  assert.equal((await world.call('GET', 'account/whoami', { token })).status, 200);
});

withAccounts('a suspended user is logged in but has no say', async world => {
  const { token, id } = await world.user('alice');
  const admin = await world.admin('root');
  const path = `${ADMIN}/suspend/${id}`;
  await world.call('PUT', path, { token: admin.token, body: { suspended: true } });
  assert.deepEqual((await world.call('GET', path, { token: admin.token })).body, { suspended: true });
  assert.equal((await world.call('GET', 'account/whoami', { token })).status, 200);
  const body = { displayname: 'Not suspended' };
  assertError(await world.call('PUT', `profile/${id}/displayname`, { token, body }), 403, 'M_USER_SUSPENDED');
});

withAccounts('bots that know MSC4323 by its old paths lock and suspend there', async world => {
  const { token, id } = await world.user('alice');
  const admin = await world.admin('root');
  for (const [kind, flag, errcode] of [
    ['lock', 'locked', 'M_USER_LOCKED'],
    ['suspend', 'suspended', 'M_USER_SUSPENDED'],
  ] as const) {
    const path = `/_matrix/client/unstable/uk.timedout.msc4323/admin/${kind}/${id}`;
    const put = (value: boolean) => world.call('PUT', path, { token: admin.token, body: { [flag]: value } });
    assertError(await world.call('PUT', path, { token, body: { [flag]: true } }), 403, 'M_FORBIDDEN');
    await put(true);
    assert.deepEqual((await world.call('GET', path, { token: admin.token })).body, { [flag]: true });
    const renamed = await world.call('PUT', `profile/${id}/displayname`, { token, body: { displayname: 'x' } });
    assert.equal(renamed.body.errcode, errcode);
    await put(false);
    assert.deepEqual((await world.call('GET', path, { token: admin.token })).body, { [flag]: false });
  }
});

withAccounts('whom administrators may lock and suspend, and who is told what', async world => {
  const alice = await world.user('alice');
  const admin = await world.admin('root');
  const second = await world.admin('second');
  for (const [kind, flag] of [
    ['lock', 'locked'],
    ['suspend', 'suspended'],
  ] as const) {
    const body = { [flag]: true };
    const put = (id: string, token = admin.token) => world.call('PUT', `${ADMIN}/${kind}/${id}`, { token, body });
    const get = (id: string, token = admin.token) => world.call('GET', `${ADMIN}/${kind}/${id}`, { token });
    assertError(await put(admin.id), 403, 'M_FORBIDDEN');
    for (const ask of [put, get]) {
      assertError(await ask('@x:elsewhere.test'), 400, 'M_INVALID_PARAM');
      assertError(await ask('@nobody:copse.test'), 404, 'M_NOT_FOUND');
      assertError(await ask(second.id), 403, 'M_FORBIDDEN');
      assertError(await ask('@nobody:copse.test', alice.token), 403, 'M_FORBIDDEN');
    }
    const bad = { token: admin.token, body: { [flag]: 'yes' } };
    assertError(await world.call('PUT', `${ADMIN}/${kind}/${alice.id}`, bad), 400, 'M_BAD_JSON');
  }
});

withAccounts('N129 nobody logs in to a deactivated account, by password, login token or refresh', async world => {
  const { token, id } = await world.user('alice');
  const refreshable = (await world.login('alice', { refresh_token: true })).body;
  const { userNid } = await world.accounts.users.require(id);
  const oneTime = await world.accounts.login.createToken(userNid);
  const openId = await world.accounts.openId.create(userNid);
  const answer = await world.call('POST', 'account/deactivate', { token, body: { auth } });
  assert.deepEqual(answer.body, { id_server_unbind_result: 'success' });
  assertError(await world.call('GET', 'account/whoami', { token }), 401, 'M_UNKNOWN_TOKEN');
  assertError(await world.login('alice'), 403, 'M_USER_DEACTIVATED');
  const byToken = { type: 'm.login.token', token: oneTime.token };
  assertError(await world.call('POST', 'login', { body: byToken }), 403, 'M_FORBIDDEN');
  const refresh = { refresh_token: refreshable.refresh_token };
  assertError(await world.call('POST', 'refresh', { body: refresh }), 401, 'M_UNKNOWN_TOKEN');
  assert.equal(await world.accounts.openId.owner(openId.token), undefined);
  assertError(await world.call('GET', `profile/${id}`), 404, 'M_NOT_FOUND');
  assertError(await world.call('GET', 'register/available?username=alice'), 400, 'M_USER_IN_USE');
});

withAccounts('N129 every way to log in ends at the same check', async world => {
  const { id } = await world.user('alice');
  const user = await world.accounts.users.require(id);
  await world.accounts.changes.deactivate(user.userNid, false);
  // `user` is what was read before: whoever proved to be this user in the meantime is refused all the same.
  await assert.rejects(world.accounts.login.open(user, {}), { errcode: 'M_USER_DEACTIVATED' });
});

onEachDatabase('rooms are left after a deactivation, however often that fails first', async db => {
  const left: string[] = [];
  let failures = 1;
  const rooms = {
    ...noRoomFollower,
    leaveAllRooms: async (userId: string, _nid: number, erase: boolean) => {
      if (failures-- > 0) throw new RangeError('a room cannot be left now');
      left.push(`${userId} ${erase}`);
    },
  };
  await using world = new AccountsWorld(db, {}, { rooms });
  const { token, id } = await world.user('alice');
  await world.call('PUT', `user/${id}/account_data/m.direct`, { token, body: { a: 1 } });
  await world.call('POST', 'account/deactivate', { token, body: { erase: true, auth } });
  await world.accounts.tasks.idle();
  assert.deepEqual(left, []);
  // Another process takes up what this one has left.
  await using next = new AccountsWorld(db, {}, { rooms });
  await next.accounts.start();
  await next.accounts.tasks.idle();
  assert.deepEqual(left, [`${id} true`]);
  await next.accounts.tasks.start();
  await next.accounts.tasks.idle();
  assert.equal(left.length, 1);
  const user = await world.accounts.users.require(userIdOf('alice', SERVER_NAME));
  assert.equal(user.isErased, true);
  await assert.rejects(world.accounts.accountData.get(user.userNid, undefined, 'm.direct'), { errcode: 'M_NOT_FOUND' });
});
