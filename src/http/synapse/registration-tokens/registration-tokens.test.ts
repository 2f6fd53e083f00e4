import assert from 'node:assert/strict';
import { withAdmin } from '../../../../test/support/admin-world.ts';

const PATH = 'v1/registration_tokens';

withAdmin('registration tokens are made, listed, changed and deleted', async (_world, root) => {
  const made = await root.ok('POST', `${PATH}/new`, { token: 'abcd', uses_allowed: 1 });
  assert.deepEqual(made, { token: 'abcd', uses_allowed: 1, pending: 0, completed: 0, expiry_time: null });
  const random = await root.ok('POST', `${PATH}/new`, { length: 40 });
  assert.match(String(random.token), /^[A-Za-z0-9_-]{40}$/);
  assert.equal(String((await root.ok('POST', `${PATH}/new`, {})).token).length, 16);
  await root.refused(400, 'M_INVALID_PARAM', 'POST', `${PATH}/new`, { token: 'abcd' });
  await root.refused(400, 'M_INVALID_PARAM', 'POST', `${PATH}/new`, { token: 'a b' });
  await root.refused(400, 'M_INVALID_PARAM', 'POST', `${PATH}/new`, { expiry_time: 1 });
  await root.refused(400, 'M_BAD_JSON', 'POST', `${PATH}/new`, { uses_allowed: -1 });
  const later = Date.now() + 3_600_000;
  const changed = await root.ok('PUT', `${PATH}/abcd`, { expiry_time: later });
  assert.deepEqual([changed.uses_allowed, changed.expiry_time], [1, later]);
  const spent = await root.ok('PUT', `${PATH}/abcd`, { uses_allowed: 0 });
  assert.deepEqual([spent.uses_allowed, spent.expiry_time], [0, later]);
  const tokens = async (query: string) =>
    ((await root.ok('GET', `${PATH}${query}`)).registration_tokens as unknown as { token: string }[]).map(
      one => one.token,
    );
  assert.equal((await tokens('')).length, 3);
  assert.deepEqual(await tokens('?valid=false'), ['abcd']);
  assert.equal((await tokens('?valid=true')).includes('abcd'), false);
  assert.equal((await root.ok('PUT', `${PATH}/abcd`, { uses_allowed: null })).uses_allowed, null);
  assert.deepEqual(await root.ok('DELETE', `${PATH}/abcd`), {});
  for (const method of ['GET', 'PUT', 'DELETE'] as const)
    await root.refused(404, 'M_NOT_FOUND', method, `${PATH}/abcd`, method === 'GET' ? undefined : {});
});

withAdmin(
  'a token that an administrator made lets in as many as it says',
  async (world, root) => {
    await root.ok('POST', `${PATH}/new`, { token: 'once', uses_allowed: 1 });
    const register = async (username: string) => {
      const auth = { type: 'm.login.registration_token', token: 'once' };
      const { body } = await world.call('POST', 'c/v3/register', 'none', { username, password: 'a long password' });
      const session = String(body.session);
      const wanted = { username, password: 'a long password', auth: { ...auth, session } };
      return (await world.call('POST', 'c/v3/register', 'none', wanted)).status;
    };
    assert.equal(await register('alice'), 200);
    const used = await root.ok('GET', `${PATH}/once`);
    assert.deepEqual([used.pending, used.completed], [0, 1]);
    assert.equal(await register('bob'), 401);
  },
  {
    registration: {
      mode: 'token',
      open_to_everybody: false,
      approval: { ask_reason: true, most_waiting: 10 },
      proof_of_work: { when: 'never', bits: 20 },
    },
  },
);

withAdmin('numbers that the database does not hold are refused, and the list goes on', async (_world, root) => {
  for (const bounds of [{ uses_allowed: 2 ** 31 }, { expiry_time: 2 ** 53 }, { uses_allowed: 1e300 }])
    await root.refused(400, 'M_BAD_JSON', 'POST', `${PATH}/new`, bounds);
  await root.ok('POST', `${PATH}/new`, { token: 'many', uses_allowed: 2 ** 31 - 1 });
  assert.equal((await root.ok('GET', `${PATH}/many`)).uses_allowed, 2 ** 31 - 1);
  assert.deepEqual((await root.ok('GET', PATH)).registration_tokens?.length, 1);
});
