import assert from 'node:assert/strict';
import { AccountsWorld, assertError, PASSWORD, withAccounts } from '../../../../test/support/accounts.ts';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { solve, zeroBits } from '../../../../test/support/proof-of-work.ts';
import { PROOF_OF_WORK } from '../../../accounts/proof-of-work.ts';

const always = { proofOfWork: { when: 'always', bits: 8 } } as const;

async function newSession(world: AccountsWorld): Promise<string> {
  return String((await world.call('POST', 'register', { body: {} })).body.session);
}

function register(world: AccountsWorld, username: string, session: string, nonce: string) {
  const auth = { type: PROOF_OF_WORK, session, nonce };
  return world.call('POST', 'register', { body: { username, password: PASSWORD, auth } });
}

onEachDatabase('N137 an account costs a solution, and a solution gives one account', async db => {
  await using world = new AccountsWorld(db, always);
  const asked = await world.call('POST', 'register', { body: {} });
  assert.deepEqual(asked.body.flows, [{ stages: [PROOF_OF_WORK] }]);
  assert.deepEqual(asked.body.params, { [PROOF_OF_WORK]: { algorithm: 'sha256', bits: 8 } });
  const session = String(asked.body.session);
  const dummy = { username: 'a1', password: PASSWORD, auth: { type: 'm.login.dummy', session } };
  assertError(await world.call('POST', 'register', { body: dummy }), 403, 'M_FORBIDDEN');
  const nonce = solve(session, 8);
  assertError(await register(world, 'a1', session, solve(session, 0, 7)), 401, 'M_FORBIDDEN');
  let other = await newSession(world);
  while (zeroBits(other, nonce) >= 8) other = await newSession(world);
  assertError(await register(world, 'a1', other, nonce), 401, 'M_FORBIDDEN');
  const both = await Promise.all(['a1', 'a2'].map(name => register(world, name, session, nonce)));
  assert.deepEqual(both.map(answer => answer.status).sort(), [200, 403]);
  assertError(await register(world, 'a3', session, nonce), 403, 'M_FORBIDDEN');
  assert.deepEqual(world.unforeseen, []);
});

withAccounts(
  'solutions that were collected while they were cheap count for little when they are handed in',
  async world => {
    const sessions = await Promise.all(Array.from({ length: 30 }, () => newSession(world)));
    const answers = [];
    // Exactly as many bits as were asked for.
    for (const [i, session] of sessions.entries()) {
      answers.push((await register(world, `a${i}`, session, solve(session, 8, 8))).status);
    }
    assert.deepEqual(answers, [...Array(10).fill(200), 200, ...Array(19).fill(401)]);
    const later = await newSession(world);
    assert.equal((await register(world, 'late', later, solve(later, 10))).status, 200);
  },
  always,
);

withAccounts(
  'while it is calm it is not needed, under load it is',
  async world => {
    const dummy = (name: string) =>
      world.call('POST', 'register', { body: { username: name, password: PASSWORD, auth: { type: 'm.login.dummy' } } });
    const calm = await world.call('POST', 'register', { body: {} });
    assert.deepEqual(calm.body.flows, [{ stages: ['m.login.dummy'] }, { stages: [PROOF_OF_WORK] }]);
    for (let i = 0; i < 11; i++) assert.equal((await dummy(`a${i}`)).status, 200);
    assertError(await dummy('b'), 403, 'M_FORBIDDEN');
    const session = await newSession(world);
    assert.equal((await register(world, 'b', session, solve(session, 12))).status, 200);
    world.clock.advance(20 * 60_000);
    assert.equal((await dummy('c')).status, 200);
  },
  { proofOfWork: { when: 'under_load', bits: 8 } },
);

withAccounts('N125 a session that has made an account makes no second one', async world => {
  const session = await newSession(world);
  const auth = { type: 'm.login.dummy', session };
  const make = (username: string) => world.call('POST', 'register', { body: { username, password: PASSWORD, auth } });
  assert.equal((await make('a1')).status, 200);
  assertError(await make('a2'), 403, 'M_FORBIDDEN');
  world.clock.advance(60 * 60_000);
  await world.accounts.sweep();
  // It has expired by now: a new one is begun.
  assert.equal((await make('a2')).status, 200);
});
