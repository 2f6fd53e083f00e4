import assert from 'node:assert/strict';
import { withAdmin } from '../../../../test/support/admin-world.ts';
import { REASON } from '../../../accounts/applications.ts';

const WAITING = 'v2/users?approved=false&deactivated=false';

withAdmin(
  'administrators read why somebody wants an account, and let them in',
  async (world, root) => {
    const nobody = world.caller('', '');
    const asked = await nobody.call('POST', 'c/v3/register', {});
    const auth = { type: REASON, reason: 'I am Bob’s sister.', session: String(asked.body.session) };
    const applied = await nobody.call('POST', 'c/v3/register', {
      username: 'alice',
      password: 'a long password',
      auth,
    });
    assert.deepEqual([applied.status, applied.body.errcode], [403, 'ORG.MATRIX.MSC3866_USER_AWAITING_APPROVAL']);
    const { users, total } = await root.ok('GET', WAITING);
    assert.deepEqual(
      [total, users?.[0]?.name, users?.[0]?.approved, users?.[0]?.[REASON]],
      [1, '@alice:one.example', false, 'I am Bob’s sister.'],
    );
    await root.ok('PUT', 'v2/users/@alice:one.example', { approved: true });
    await (await world.logIn('alice')).ok('GET', 'c/v3/account/whoami');
    assert.equal((await root.ok('GET', WAITING)).total, 0);
    assert.equal((await root.ok('GET', 'v2/users/@alice:one.example'))[REASON], 'I am Bob’s sister.');
    assert.equal((await root.ok('GET', `v2/users/${root.id}`))[REASON], undefined);
    await root.refused(400, 'M_INVALID_PARAM', 'PUT', 'v2/users/@alice:one.example', { approved: false });
    await root.refused(400, 'M_INVALID_PARAM', 'POST', 'v1/refuse/@alice:one.example', {});
  },
  {
    registration: {
      mode: 'approval',
      open_to_everybody: false,
      approval: { ask_reason: true, most_waiting: 10 },
      proof_of_work: { when: 'never', bits: 20 },
    },
  },
);

withAdmin('whoever is refused is gone, and the name is free', async (world, root) => {
  await root.ok('PUT', 'v2/users/@spam:one.example', { password: 'a long password', approved: false });
  assert.equal((await root.ok('GET', WAITING)).total, 1);
  await root.refused(404, 'M_NOT_FOUND', 'POST', 'v1/refuse/@nobody:one.example', {});
  assert.deepEqual(await root.ok('POST', 'v1/refuse/@spam:one.example', {}), {});
  await root.refused(404, 'M_NOT_FOUND', 'GET', 'v2/users/@spam:one.example');
  assert.equal((await root.ok('GET', WAITING)).total, 0);
  assert.equal((await world.user('spam')).id, '@spam:one.example');
});
