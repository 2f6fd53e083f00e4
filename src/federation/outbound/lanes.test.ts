import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../../test/support/accounts.ts';
import { Lanes } from './lanes.ts';

/** Lanes whose visits end when they are told to. */
function world() {
  const clock = new TestClock();
  const running = new Map<number, (visited: { isMore: boolean; isKnown: boolean }) => void>();
  const begun: number[] = [];
  const lanes = new Lanes(clock, nid => {
    begun.push(nid);
    return new Promise(resolve => running.set(nid, resolve));
  });
  const end = async (nid: number, visited: { isMore?: boolean; isKnown?: boolean } = {}) => {
    const finish = running.get(nid) ?? assert.fail(`${nid} is not visited`);
    running.delete(nid);
    finish({ isMore: false, isKnown: true, ...visited });
    await new Promise(resolve => setImmediate(resolve));
  };
  return { clock, lanes, running, begun, end };
}

test('so many are visited at once, none twice, and those who wait come in turn', async () => {
  const { lanes, running, begun, end } = world();
  for (let nid = 1; nid <= 60; nid++) {
    lanes.add(nid);
    await end(nid);
  }
  begun.length = 0;
  for (let nid = 1; nid <= 60; nid++) lanes.add(nid);
  lanes.add(1);
  assert.equal(running.size, 50);
  assert.deepEqual(lanes.load, { active: 50, waiting: 10 });
  await end(2);
  assert.equal(begun.at(-1), 51);
  await end(1);
  assert.equal(begun.at(-1), 52);
  for (let nid = 3; nid <= 11; nid++) await end(nid);
  assert.equal(begun.at(-1), 1, 'what came meanwhile is another visit');
  assert.equal(begun.length, 61);
});

test('those who do not answer soon make room, up to a number, and never take all from those who do', async () => {
  const { clock, lanes, running, end } = world();
  for (let nid = 1; nid <= 400; nid++) lanes.add(nid);
  assert.equal(running.size, 30);
  await end(1);
  lanes.add(1);
  assert.ok(running.has(1), 'one that has answered before has a place');
  await end(1);
  for (let turn = 0; turn < 5; turn++) clock.advance(3000);
  assert.equal(running.size, 130);
  lanes.add(1);
  assert.ok(running.has(1));
  await end(2);
  clock.advance(3000);
  assert.equal(running.size, 131, 'the place of one that ends is taken');
});

test('servers that have taken something go before those that have not, which have their turn all the same', async () => {
  const { lanes, begun, end } = world();
  for (let nid = 1; nid <= 70; nid++) {
    lanes.add(nid);
    await end(nid);
  }
  for (let nid = 1; nid <= 70; nid++) lanes.add(nid);
  for (let nid = 101; nid <= 120; nid++) lanes.add(nid);
  begun.length = 0;
  for (let nid = 1; nid <= 20; nid++) await end(nid);
  const known = begun.filter(nid => nid <= 70).length;
  assert.ok(known >= 14 && known < 20, `${known} of 20`);
});

test('one that failed is not visited again for what came meanwhile, one that has more is', async () => {
  const { lanes, begun, end } = world();
  for (const nid of [1, 2]) lanes.add(nid);
  lanes.add(1);
  await end(1, { isKnown: false });
  assert.deepEqual(begun, [1, 2]);
  await end(2, { isMore: true });
  assert.deepEqual(begun, [1, 2, 2]);
});

test('closing waits for what is under way and begins nothing', async () => {
  const { lanes, begun, end } = world();
  for (let nid = 1; nid <= 31; nid++) lanes.add(nid);
  const closed = lanes.close();
  for (let nid = 1; nid <= 30; nid++) await end(nid);
  await closed;
  assert.equal(begun.length, 30);
});
