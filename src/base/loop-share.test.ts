import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoopShare } from './loop-share.ts';

/** Spends one unit `times` times, each of which is there at once. */
async function work(share: LoopShare, times: number, done: string[], name: string): Promise<void> {
  for (let n = 0; n < times; n++) {
    const turn = share.take(1);
    if (turn !== undefined) await turn;
    done.push(name);
    await Promise.resolve();
  }
}

test('others have their turn after so much work, and those who work take turns', async () => {
  const share = new LoopShare(10);
  const done: string[] = [];
  const atTurn: number[] = [];
  let next = setImmediate(function look() {
    atTurn.push(done.length);
    next = setImmediate(look);
  });
  await Promise.all([work(share, 30, done, 'a'), work(share, 30, done, 'b'), work(share, 5, done, 'c')]);
  clearImmediate(next);
  assert.equal(done.length, 65);
  assert.deepEqual(atTurn.slice(0, 4), [10, 20, 30, 40], 'ten in each turn');
  const [a, b] = ['a', 'b'].map(name => done.slice(0, 40).filter(each => each === name).length);
  assert.ok(Math.abs((a ?? 0) - (b ?? 0)) <= 3, `${a} and ${b}`);
});

test('what is less than a share waits for nothing', async () => {
  const share = new LoopShare(10);
  let turns = 0;
  const next = setImmediate(() => turns++);
  await work(share, 9, [], 'a');
  assert.equal(turns, 0);
  clearImmediate(next);
});

test('however many wait, no more of them go on in a turn than there is a share for, in the order of asking', async () => {
  const share = new LoopShare(4);
  const done: number[] = [];
  const all = Array.from({ length: 20 }, async (_, at) => {
    await share.take(1);
    done.push(at);
  });
  await Promise.resolve();
  const atTurn = [done.length];
  while (done.length < 20) {
    await new Promise(resolve => setImmediate(resolve));
    atTurn.push(done.length);
  }
  await Promise.all(all);
  assert.deepEqual(atTurn, [4, 8, 12, 16, 20]);
  assert.deepEqual(
    done,
    done.toSorted((a, b) => a - b),
  );
});

test('a share may depend on what else there is to be done', async () => {
  let perTurn = 1;
  const share = new LoopShare(() => perTurn);
  const done: number[] = [];
  const all = Array.from({ length: 8 }, async (_, at) => {
    await share.take(1);
    done.push(at);
  });
  await Promise.resolve();
  const atTurn = [done.length];
  for (const next of [1, 3, 3]) {
    perTurn = next;
    await new Promise(resolve => setImmediate(resolve));
    atTurn.push(done.length);
  }
  await Promise.all(all);
  assert.deepEqual(atTurn, [1, 2, 5, 8]);
});

test('a share of less than a unit lets one go on every few turns', async () => {
  let perTurn = 1 / 4;
  const share = new LoopShare(() => perTurn);
  const done: number[] = [];
  const all = Array.from({ length: 7 }, async (_, at) => {
    await share.take(1);
    done.push(at);
  });
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve));
    return done.length;
  };
  assert.deepEqual([await turns(3), await turns(1), await turns(3), await turns(1)], [1, 2, 2, 3]);
  perTurn = 2;
  assert.deepEqual([await turns(1), await turns(1)], [5, 7], 'what was saved up for is forgotten');
  await Promise.all(all);
  await turns(1);
  assert.equal(share.take(1), undefined);
});
