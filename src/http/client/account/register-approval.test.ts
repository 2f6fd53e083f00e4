import assert from 'node:assert/strict';
import { AccountsWorld, assertError, PASSWORD, withAccounts } from '../../../../test/support/accounts.ts';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { REASON } from '../../../accounts/applications.ts';
import type { UserId } from '../../../core/ids.ts';

const AWAITING = 'ORG.MATRIX.MSC3866_USER_AWAITING_APPROVAL';
const approval = { registration: 'approval' } as const;

function apply(world: AccountsWorld, username: string, reason: string, session?: unknown) {
  const auth = { type: REASON, reason, ...(session !== undefined && { session }) };
  return world.call('POST', 'register', { body: { username, password: PASSWORD, auth } });
}

function waiting(world: AccountsWorld) {
  const page = { order: 'creation_ts', backward: false, from: 0, limit: 10 } as const;
  return world.accounts.userList.page({ filter: { isApproved: false, isDeactivated: false }, ...page });
}

async function approve(world: AccountsWorld, username: string): Promise<void> {
  const { userNid } = await world.accounts.users.require(`@${username}:copse.test` as UserId);
  await world.db.tx(tx => world.accounts.users.setFlag(tx, userNid, 'is_approved', true));
}

onEachDatabase('whoever asks for an account says why, waits, and logs in after the approval', async db => {
  await using world = new AccountsWorld(db, approval);
  const asked = await world.call('POST', 'register', { body: {} });
  assert.deepEqual([asked.status, asked.body.flows], [401, [{ stages: [REASON] }]]);
  assertError(await apply(world, 'alice', ' I am Bob’s\nsister.\u0000 ', asked.body.session), 403, AWAITING);
  world.clock.advance(1000);
  assertError(await apply(world, 'carol', 'Hello'), 403, AWAITING);
  assert.deepEqual(
    (await waiting(world)).users.map(({ userId, reason }) => [userId, reason]),
    [
      ['@alice:copse.test', 'I am Bob’s\nsister.'],
      ['@carol:copse.test', 'Hello'],
    ],
  );
  assertError(await world.login('alice'), 403, AWAITING);
  assertError(await world.login('alice', { password: 'wrong password' }), 403, 'M_FORBIDDEN');
  await approve(world, 'alice');
  assert.equal((await world.login('alice')).status, 200);
  const { userNid } = await world.accounts.users.require('@alice:copse.test' as UserId);
  assert.equal((await world.accounts.userList.one(userNid))?.reason, 'I am Bob’s\nsister.');
  assert.equal((await waiting(world)).total, 1);
});

onEachDatabase('an account that is closed takes its reason along and waits no more', async db => {
  await using world = new AccountsWorld(db, approval);
  assertError(await apply(world, 'alice', 'Hello'), 403, AWAITING);
  const { userNid } = await world.accounts.users.require('@alice:copse.test' as UserId);
  await world.accounts.changes.deactivate(userNid, false);
  assert.equal((await waiting(world)).total, 0);
  assert.equal((await world.accounts.userList.one(userNid))?.reason, undefined);
});

onEachDatabase('an account that is refused is gone, and its name can be asked for again', async db => {
  await using world = new AccountsWorld(db, approval);
  assertError(await apply(world, 'alice', 'Hello'), 403, AWAITING);
  await world.accounts.administration.refuse(await world.accounts.users.require('@alice:copse.test' as UserId));
  assertError(await apply(world, 'alice', 'It is me again'), 403, AWAITING);
  assert.deepEqual(
    (await waiting(world)).users.map(user => user.reason),
    ['It is me again'],
  );
});

withAccounts(
  'a reason that is missing, empty or too long is no reason',
  async world => {
    for (const reason of ['', ' \n\u0007 ', 'x'.repeat(2001), 'é'.repeat(1001)]) {
      assertError(await apply(world, 'alice', reason), 401, 'M_INVALID_PARAM');
    }
    const auth = { type: 'm.login.dummy' };
    const dummy = await world.call('POST', 'register', { body: { username: 'alice', password: PASSWORD, auth } });
    assertError(dummy, 403, 'M_FORBIDDEN');
    assertError(await apply(world, 'alice', 'é'.repeat(1000)), 403, AWAITING);
  },
  approval,
);

withAccounts(
  'the queue has a bound: no account is made beyond it',
  async world => {
    for (const name of ['a1', 'a2']) assertError(await apply(world, name, 'Hello'), 403, AWAITING);
    const refused = await apply(world, 'a3', 'Hello');
    assertError(refused, 429, 'M_LIMIT_EXCEEDED');
    assert.equal(await world.accounts.users.find('@a3:copse.test' as UserId), undefined);
    await approve(world, 'a1');
    assertError(await apply(world, 'a3', 'Hello'), 403, AWAITING);
  },
  { ...approval, approval: { asksReason: true, mostWaiting: 2 } },
);

withAccounts(
  'where no reason is asked for, clients need to know nothing new',
  async world => {
    const auth = { type: 'm.login.dummy' };
    const body = { username: 'alice', password: PASSWORD, auth };
    assertError(await world.call('POST', 'register', { body }), 403, AWAITING);
    const [application] = (await waiting(world)).users;
    assert.deepEqual([application?.userId, application?.reason], ['@alice:copse.test', undefined]);
    const quiet = await world.call('POST', 'register', { body: { ...body, username: 'bob', inhibit_login: true } });
    assert.deepEqual([quiet.status, quiet.body.access_token], [200, undefined]);
  },
  { ...approval, approval: { asksReason: false, mostWaiting: 2 } },
);
