import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { roomsOn } from '../../test/support/rooms.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { getInteger } from '../core/json.ts';
import { forbidden } from '../core/matrix-error.ts';
import type { Database } from '../db/database.ts';
import { type Task, type TaskRunner, type TaskStep, Tasks } from './tasks.ts';

/** Counts to `args.upTo`, a step each; `seen` notes who was at work. */
function counter(seen: string[], before: (count: number) => void = () => undefined): TaskRunner {
  return {
    async step(task: Task): Promise<TaskStep> {
      const count = (getInteger(task.progress, 'count') ?? 0) + 1;
      before(count);
      seen.push(`${task.resource}${count}`);
      const isDone = count === getInteger(task.args, 'upTo');
      return { isDone, progress: { count }, result: isDone ? { counted: count } : task.result };
    },
  };
}

/** Nobody has to wait: whoever sleeps wakes at once, and the clock has gone on by as much. */
class EagerClock implements Clock {
  #ms = 1_700_000_000_000;

  now = () => this.#ms;
  monotonic = () => this.#ms;

  after(ms: number, run: () => void) {
    const handle = setImmediate(() => {
      this.#ms += ms;
      run();
    });
    return { cancel: () => clearImmediate(handle) };
  }
}

const clock = new EagerClock();

function tasksOn(db: Database, runner: TaskRunner): Tasks {
  return new Tasks({ ...roomsOn(db), clock, runners: { count: runner } });
}

const never = new AbortController().signal;

/** Rounds with the pauses between them that the tasks want. */
async function rounds(tasks: Tasks, most: number): Promise<void> {
  for (let i = 0; i < most; i++) await sleep(clock, await tasks.round(never));
}

onEachDatabase('tasks are done in turns, and say where they are', async db => {
  const seen: string[] = [];
  const tasks = tasksOn(db, counter(seen));
  const big = await tasks.schedule('count', 'big', { upTo: 3 }, {});
  const small = await tasks.schedule('count', 'small', { upTo: 1 }, {});
  assert.equal((await tasks.find(big.id))?.status, 'scheduled');
  await tasks.round(never);
  assert.deepEqual([seen.toSorted(), (await tasks.find(small.id))?.status], [['big1', 'small1'], 'complete']);
  const under = await tasks.find(big.id);
  assert.deepEqual([under?.status, under?.progress], ['active', { count: 1 }]);
  await rounds(tasks, 3);
  const done = await tasks.find(big.id);
  assert.deepEqual([done?.status, done?.result, done?.error], ['complete', { counted: 3 }, undefined]);
  assert.equal(seen.length, 4, 'nobody goes on with what is done');
  assert.deepEqual(
    (await tasks.list({ status: 'complete', resource: 'small' })).map(task => task.id),
    [small.id],
  );
  assert.deepEqual(await tasks.list({ action: 'other' }), []);
  await assert.rejects(tasks.schedule('unheard-of', undefined, {}, {}), /nobody does/);
});

onEachDatabase('the next process goes on where one stopped', async db => {
  const seen: string[] = [];
  const first = tasksOn(db, counter(seen));
  const { id } = await first.schedule('count', 'x', { upTo: 3 }, {});
  await first.round(never);
  const stop = new AbortController();
  const second = tasksOn(db, counter(seen));
  const running = second.run(stop.signal);
  assert.equal((await second.finished(id, never))?.status, 'complete');
  stop.abort();
  await running;
  assert.deepEqual(seen, ['x1', 'x2', 'x3']);
});

onEachDatabase('what is refused has failed; what goes wrong is tried again, and then has failed too', async db => {
  let wrong = 2;
  const seen: string[] = [];
  const tasks = tasksOn(
    db,
    counter(seen, () => {
      if (wrong-- > 0) throw new Error('the moon is full');
    }),
  );
  const unlucky = await tasks.schedule('count', 'u', { upTo: 2 }, {});
  await rounds(tasks, 4);
  assert.deepEqual([(await tasks.find(unlucky.id))?.status, seen], ['complete', ['u1', 'u2']]);
  wrong = Number.MAX_SAFE_INTEGER;
  const doomed = await tasks.schedule('count', 'd', { upTo: 2 }, {});
  await rounds(tasks, 5);
  const failed = await tasks.find(doomed.id);
  assert.equal(failed?.status, 'failed');
  assert.match(failed?.error ?? '', /5 times: .*the moon is full/);
  const strict = tasksOn(db, { step: () => Promise.reject(forbidden('Not here.')) });
  const refused = await strict.schedule('count', 'r', {}, {});
  await strict.round(never);
  const answer = await strict.find(refused.id);
  assert.deepEqual([answer?.status, answer?.error], ['failed', 'Not here.']);
});
