import assert from 'node:assert/strict';
import { AccountsWorld, assertError, withAccounts } from '../../../../test/support/accounts.ts';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import type { MemberProfile, RemoteProfiles } from '../../../accounts/ports.ts';
import { noRoomFollower } from '../../../accounts/ports.ts';
import { notFound } from '../../../core/matrix-error.ts';

const MXC = 'mxc://copse.test/abc';

onEachDatabase('names, pictures and free fields are set, read by anybody and removed', async db => {
  const told: MemberProfile[] = [];
  const rooms = {
    ...noRoomFollower,
    profileChanged: async (_: string, __: number, p: MemberProfile) => void told.push(p),
  };
  await using world = new AccountsWorld(db, {}, { rooms });
  const { token, id } = await world.user('alice');
  const put = (field: string, value: unknown) =>
    world.call('PUT', `profile/${id}/${field}`, { token, body: { [field]: value } });
  assert.deepEqual((await world.call('GET', `profile/${id}`)).body, { displayname: 'alice' });
  assert.deepEqual((await put('displayname', 'Alice 🌳')).body, {});
  await world.accounts.tasks.idle();
  await put('avatar_url', MXC);
  await put('m.tz', 'Europe/Berlin');
  await put('org.example.any-thing', { __proto__: null, list: [1.5, null] });
  const profile = (await world.call('GET', `profile/${encodeURIComponent(id)}`)).body;
  assert.deepEqual(profile, {
    avatar_url: MXC,
    displayname: 'Alice 🌳',
    'm.tz': 'Europe/Berlin',
    'org.example.any-thing': { list: [1.5, null] },
  });
  assert.deepEqual((await world.call('GET', `profile/${id}/m.tz`)).body, { 'm.tz': 'Europe/Berlin' });
  assert.equal((await world.call('DELETE', `profile/${id}/m.tz`, { token })).status, 200);
  assert.equal((await world.call('DELETE', `profile/${id}/m.tz`, { token })).status, 200);
  assertError(await world.call('GET', `profile/${id}/m.tz`), 404, 'M_NOT_FOUND');
  await put('displayname', '');
  assertError(await world.call('GET', `profile/${id}/displayname`), 404, 'M_NOT_FOUND');
  await world.accounts.tasks.idle();
  assert.deepEqual(told[0], { displayname: 'Alice 🌳', avatar_url: undefined });
  assert.deepEqual(told.at(-1), { displayname: undefined, avatar_url: MXC });
});

withAccounts('N167 a profile has at most 64 KiB, a name of a field 255 bytes', async world => {
  const { token, id } = await world.user('alice');
  const put = (field: string, value: unknown) =>
    world.call('PUT', `profile/${id}/${field}`, { token, body: { [field]: value } });
  const long = `a.${'b'.repeat(254)}`;
  assertError(await put(long, 1), 400, 'M_KEY_TOO_LARGE');
  assert.equal((await put(long.slice(0, 255), 1)).status, 200);
  assert.equal((await put('a.big', 'x'.repeat(65_000))).status, 200);
  assertError(await put('a.more', 'x'.repeat(600)), 400, 'M_PROFILE_TOO_LARGE');
  assertError(await put('a.big', 'ü'.repeat(40_000)), 400, 'M_PROFILE_TOO_LARGE');
  const profile = (await world.call('GET', `profile/${id}`)).body;
  assert.equal(profile['a.more'], undefined);
  assert.equal(String(profile['a.big']).length, 65_000);
  assert.ok(JSON.stringify(profile).length <= 65_536);
});

withAccounts('what a profile does not take', async world => {
  const { token, id } = await world.user('alice');
  const put = (field: string, body: unknown) => world.call('PUT', `profile/${id}/${field}`, { token, body });
  for (const field of ['status', 'UPPER.case', '.a', 'a.', '__proto__', 'constructor', 'a%2Fb.c']) {
    assertError(await put(field, { [decodeURIComponent(field)]: 'x' }), 400, 'M_INVALID_PARAM');
    assertError(await world.call('GET', `profile/${id}/${field}`), 400, 'M_INVALID_PARAM');
  }
  assertError(await put('displayname', { name: 'x' }), 400, 'M_MISSING_PARAM');
  assertError(await put('displayname', { displayname: 7 }), 400, 'M_INVALID_PARAM');
  assertError(await put('displayname', { displayname: 'x'.repeat(1025) }), 400, 'M_INVALID_PARAM');
  assertError(await put('avatar_url', { avatar_url: 'https://evil.test/' }), 400, 'M_INVALID_PARAM');
  assertError(await put('avatar_url', { avatar_url: 'javascript:alert()' }), 400, 'M_INVALID_PARAM');
  assert.equal((await put('avatar_url', { avatar_url: 'no picture' })).status, 200, 'text that is no URI does no harm');
  assertError(await put('displayname', [1]), 400, 'M_BAD_JSON');
  const bob = await world.user('bob');
  const asBob = { token: bob.token, body: { displayname: 'Bob was here' } };
  assertError(await world.call('PUT', `profile/${id}/displayname`, asBob), 403, 'M_FORBIDDEN');
  assertError(await world.call('DELETE', `profile/${id}/displayname`, { token: bob.token }), 403, 'M_FORBIDDEN');
  assertError(await world.call('PUT', `profile/${id}/displayname`, { body: {} }), 401, 'M_MISSING_TOKEN');
  assertError(await world.call('GET', 'profile/@nobody:copse.test'), 404, 'M_NOT_FOUND');
  assertError(await world.call('GET', 'profile/@x:elsewhere.test'), 404, 'M_NOT_FOUND');
  assertError(await world.call('GET', 'profile/nobody'), 400, 'M_INVALID_PARAM');
  const admin = await world.admin('root');
  const change = { token: admin.token, body: { displayname: 'Renamed' } };
  assert.equal((await world.call('PUT', `profile/${id}/displayname`, change)).status, 200);
});

onEachDatabase('profiles of other servers are asked for there', async db => {
  const remoteProfiles: RemoteProfiles = {
    async profile(userId, field) {
      if (userId !== '@x:elsewhere.test') throw notFound('no');
      return field === undefined ? { displayname: 'X', reply: true } : { [field]: 'X' };
    },
  };
  await using world = new AccountsWorld(db, {}, { remoteProfiles });
  const { body } = await world.call('GET', 'profile/@x:elsewhere.test');
  assert.deepEqual(body, { displayname: 'X', reply: true });
  assert.deepEqual((await world.call('GET', 'profile/@x:elsewhere.test/m.tz')).body, { 'm.tz': 'X' });
  assertError(await world.call('GET', 'profile/@y:elsewhere.test'), 404, 'M_NOT_FOUND');
});
