import assert from 'node:assert/strict';
import { AccountsWorld, assertError, withAccounts } from '../../../../test/support/accounts.ts';
import { onEachDatabase } from '../../../../test/support/databases.ts';

const ROOM = '!room:copse.test';

withAccounts('account data of the user and of rooms', async world => {
  const { token, id } = await world.user('alice');
  const global = `user/${id}/account_data/org.example`;
  const room = `user/${id}/rooms/${ROOM}/account_data/org.example`;
  for (const path of [global, room]) {
    assertError(await world.call('GET', path, { token }), 404, 'M_NOT_FOUND');
    assert.deepEqual((await world.call('PUT', path, { token, body: { path } })).body, {});
    assert.deepEqual((await world.call('GET', path, { token })).body, { path });
  }
  assertError(await world.call('GET', `user/${id}/rooms/@x:y/account_data/a`, { token }), 400, 'M_INVALID_PARAM');
  assertError(
    await world.call('PUT', `user/${id}/rooms/x/account_data/a`, { token, body: {} }),
    400,
    'M_INVALID_PARAM',
  );
  assertError(await world.call('PUT', global, { token, raw: '[]' }), 400, 'M_BAD_JSON');
  assertError(await world.call('PUT', global, { token, raw: '{' }), 400, 'M_NOT_JSON');
});

withAccounts('types and keys are plain data', async world => {
  const { token, id } = await world.user('alice');
  const types = ['__proto__', 'constructor', 'reply', 'a%2Fb', '%F0%9F%8C%B3', '%00'];
  for (const type of types) {
    const path = `user/${id}/account_data/${type}`;
    const raw = `{"__proto__":{"a":1},"reply":true,"status":500,"type":"${type}"}`;
    assert.equal((await world.call('PUT', path, { token, raw })).status, 200, type);
    assert.equal(JSON.stringify((await world.call('GET', path, { token })).body), raw);
  }
  assert.equal(({} as Record<string, unknown>).a, undefined);
});

withAccounts('account data is for its user only', async world => {
  const alice = await world.user('alice');
  const { token } = await world.user('bob');
  for (const path of [
    'account_data/a',
    `rooms/${ROOM}/account_data/a`,
    `rooms/${ROOM}/tags`,
    `rooms/${ROOM}/tags/x`,
    'filter',
  ]) {
    const method = path === 'filter' ? 'POST' : path.endsWith('tags') ? 'GET' : 'PUT';
    const body = method === 'GET' ? {} : { body: {} };
    assertError(await world.call(method, `user/${alice.id}/${path}`, { token, ...body }), 403, 'M_FORBIDDEN');
  }
});

withAccounts('types that the server writes are not written by clients', async world => {
  const { token, id } = await world.user('alice');
  for (const type of ['m.fully_read', 'm.push_rules']) {
    for (const scope of ['', `rooms/${ROOM}/`]) {
      const path = `user/${id}/${scope}account_data/${type}`;
      assertError(await world.call('PUT', path, { token, body: {} }), 405, 'M_BAD_JSON');
    }
  }
});

withAccounts('the push rules are read as other account data is', async world => {
  const { token, id } = await world.user('alice');
  const { status, body } = await world.call('GET', `user/${id}/account_data/m.push_rules`, { token });
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(body.global ?? {}), ['override', 'content', 'room', 'sender', 'underride']);
  assert.equal(body.global?.override?.[0]?.rule_id, '.m.rule.master');
  const other = await world.user('bob');
  assertError(await world.call('GET', `user/${other.id}/account_data/m.push_rules`, { token }), 403, 'M_FORBIDDEN');
});

withAccounts(
  'N155 account data is bounded for each type and for each user',
  async world => {
    const { token, id } = await world.user('alice');
    const put = (type: string, size: number) =>
      world.call('PUT', `user/${id}/account_data/${type}`, { token, body: { a: 'x'.repeat(size) } });
    assertError(await put('big', 65_536), 413, 'M_TOO_LARGE');
    assertError(
      await world.call('PUT', `user/${id}/account_data/${'t'.repeat(256)}`, { token, body: {} }),
      400,
      'M_INVALID_PARAM',
    );
    assert.equal((await put('one', 60_000)).status, 200);
    assertError(await put('two', 50_000), 413, 'M_TOO_LARGE');
    assertError(await world.call('GET', `user/${id}/account_data/two`, { token }), 404, 'M_NOT_FOUND');
    let stored = 0;
    while ((await put(`small.${stored}`, 1)).status === 200) stored++;
    assert.ok(stored > 100 && stored < 200, `${stored}`);
    assert.equal((await put('one', 10)).status, 200);
    assert.equal((await put('two', 50_000)).status, 200);
  },
  { accountDataBytes: 100_000 },
);

withAccounts('N155 tags: any name up to 255 bytes, any order, bounded like other data', async world => {
  const { token, id } = await world.user('alice');
  const tags = `user/${id}/rooms/${ROOM}/tags`;
  const put = (tag: string, body: object) => world.call('PUT', `${tags}/${tag}`, { token, body });
  assert.deepEqual((await world.call('GET', tags, { token })).body, { tags: {} });
  await put('m.favourite', { order: 0.25 });
  await put('u.a%20b', {});
  await put('__proto__', { order: 1 });
  const expected = '{"tags":{"m.favourite":{"order":0.25},"u.a b":{},"__proto__":{"order":1}}}';
  assert.equal(JSON.stringify((await world.call('GET', tags, { token })).body), expected);
  const data = await world.call('GET', `user/${id}/rooms/${ROOM}/account_data/m.tag`, { token });
  assert.equal(JSON.stringify(data.body), expected);
  await world.call('DELETE', `${tags}/u.a%20b`, { token });
  await world.call('DELETE', `${tags}/__proto__`, { token });
  assert.deepEqual((await world.call('GET', tags, { token })).body, { tags: { 'm.favourite': { order: 0.25 } } });
  assertError(await put('t'.repeat(256), {}), 400, 'M_INVALID_PARAM');
  assertError(await put('t', { a: 'x'.repeat(65_536) }), 413, 'M_TOO_LARGE');
});

onEachDatabase('of tags that are set at the same time none is lost', async db => {
  await using world = new AccountsWorld(db);
  const { token, id } = await world.user('alice');
  const tags = `user/${id}/rooms/${ROOM}/tags`;
  const names = Array.from({ length: 20 }, (_, at) => `u.${at}`);
  await Promise.all(names.map(name => world.call('PUT', `${tags}/${name}`, { token, body: {} })));
  assert.equal(Object.keys((await world.call('GET', tags, { token })).body.tags ?? {}).length, 20);
});

async function define(world: AccountsWorld, user: { id: string; token: string }, filter: unknown) {
  return world.call('POST', `user/${user.id}/filter`, { token: user.token, body: filter });
}

withAccounts('a filter comes back as it was stored, and the same one is stored once', async world => {
  const alice = await world.user('alice');
  const filter = { room: { timeline: { limit: 10, types: ['m.*'], 'org.example': [0.5] } }, event_format: 'client' };
  const { filter_id } = (await define(world, alice, filter)).body;
  assert.doesNotMatch(String(filter_id), /^\{/);
  const path = `user/${alice.id}/filter/${filter_id}`;
  assert.deepEqual((await world.call('GET', path, { token: alice.token })).body, filter);
  const shuffled = { event_format: 'client', room: filter.room };
  assert.equal((await define(world, alice, shuffled)).body.filter_id, filter_id);
  for (const id of ['999999', 'abc', '-1', '1.5', '1e3', '9'.repeat(30)]) {
    const unknown = `user/${alice.id}/filter/${id}`;
    assertError(await world.call('GET', unknown, { token: alice.token }), 404, 'M_NOT_FOUND');
  }
  const bob = await world.user('bob');
  assertError(await world.call('GET', `user/${bob.id}/filter/${filter_id}`, { token: bob.token }), 404, 'M_NOT_FOUND');
});

withAccounts('N143 a filter is bounded and of the right shape', async world => {
  const alice = await world.user('alice');
  const rooms = Array.from({ length: 10_000 }, (_, at) => `!${at}:copse.test`);
  assertError(await define(world, alice, { room: { rooms } }), 413, 'M_TOO_LARGE');
  for (const bad of [
    { room: { timeline: { limit: -1 } } },
    { room: { timeline: { limit: 1.5 } } },
    { room: { timeline: { types: 'm.room.message' } } },
    { room: { timeline: { senders: ['alice'] } } },
    { room: { rooms: ['room'] } },
    { room: [] },
    { presence: { not_types: [7] } },
    { event_format: 'other' },
    { event_fields: 'x' },
  ]) {
    assertError(await define(world, alice, bad), 400, 'M_BAD_JSON');
  }
});

withAccounts('N143 a user keeps a bounded number of filters: the newest', async world => {
  const alice = await world.user('alice');
  const { userNid } = await world.accounts.users.require(alice.id);
  const first = await world.accounts.filters.store(userNid, { event_fields: ['first'] });
  for (let i = 0; i < 500; i++) await world.accounts.filters.store(userNid, { event_fields: [`${i}`] });
  await assert.rejects(world.accounts.filters.get(userNid, first), { errcode: 'M_NOT_FOUND' });
  assert.deepEqual(await world.accounts.filters.get(userNid, String(Number(first) + 1)), { event_fields: ['0'] });
});
