import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { memoryOfAgents, processesOf } from './board-processes.ts';
import { Crowd } from './crowd.ts';
import { MIB, skipWithoutLab, TestLab } from './test-lab.ts';

const isWhole = process.env.COPSE_TEST_LAB === 'whole';
/** Nobody is killed here: who is answered late, by a machine that is busy, was not refused. */
const SLOW_MS = 30_000;
/** Bytes that an agent may have: a bar of the whole form. The short one, which runs in CI, shows what it is. */
const AGENT_MOST = 60 * MIB;

test('a part gets more processes and fewer under load: no other restarts, and nobody is refused', {
  skip: skipWithoutLab,
}, async t => {
  await using world = await TestLab.start();
  const { lab } = world;
  const [first = assert.fail()] = lab.boards;
  using crowd = await Crowd.gather(world.doors, { rooms: 3, people: 3, everyMs: 300, patienceMs: SLOW_MS });
  await crowd.servedAfter();
  const before = processesOf(lab, first);
  const retries = crowd.retries;
  const count = () => [...processesOf(lab, first).keys()].filter(name => name.includes('-sync-')).length;
  assert.equal(count(), 2);
  for (const wanted of [4, 2]) {
    lab.say(first, ...lab.copse(first, 'role', 'scale', 'sync', String(wanted)));
    while (count() !== wanted) await wait(500);
    await crowd.servedAfter();
    t.diagnostic(`${wanted} processes of sync`);
  }
  const after = processesOf(lab, first);
  const others = [...before].filter(([name]) => !name.includes('-sync-'));
  assert.deepEqual(
    others.map(([name]) => [name, after.get(name)]),
    others,
    'another process was started anew',
  );
  const agents = memoryOfAgents(lab);
  const inMib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;
  for (const { resident, proportional } of agents)
    t.diagnostic(`an agent: ${inMib(resident)} resident, a share of ${inMib(proportional)}`);
  assert.equal(agents.length, lab.boards.length);
  const most = Math.max(...agents.map(({ resident }) => resident));
  if (isWhole) assert.ok(most <= AGENT_MOST, 'an agent has more than 60 MiB');
  await crowd.check();
  assert.equal(crowd.retries, retries, `somebody was refused: ${crowd.troubles.join('; ')}`);
  t.diagnostic(`${crowd.count} messages, ${others.length} other processes`);
});
