import assert from 'node:assert/strict';
import { TestClock } from '../../test/support/accounts.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import { silentLog } from '../base/log.ts';
import type { Database } from '../db/database.ts';
import { accountTasks } from './account-task.table.ts';
import { AccountTasks } from './account-tasks.ts';

const schedule = (db: Database, tasks: AccountTasks, userNid: number) =>
  db.tx(tx => tasks.schedule(tx, userNid, 'profile'));

onEachDatabase('a task that fails is tried again, and holds up no other', async db => {
  const clock = new TestClock();
  const done: number[] = [];
  let failing = true;
  const tasks = new AccountTasks(db, clock, silentLog, async userNid => {
    if (userNid === 1 && failing) throw new RangeError('not now');
    done.push(userNid);
  });
  await tasks.start();
  await schedule(db, tasks, 1);
  await schedule(db, tasks, 2);
  await tasks.idle();
  assert.deepEqual(done, [2]);
  failing = false;
  clock.advance(60_000);
  while ((await accountTasks(db)).length > 0) await new Promise(resolve => setImmediate(resolve));
  assert.deepEqual(done, [2, 1]);
  await tasks.stop();
});

onEachDatabase('what is asked for while it runs is done once more', async db => {
  const started = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let runs = 0;
  const tasks = new AccountTasks(db, new TestClock(), silentLog, async () => {
    runs++;
    started.resolve();
    await goOn.promise;
  });
  await schedule(db, tasks, 1);
  await started.promise;
  await schedule(db, tasks, 1);
  await schedule(db, tasks, 1);
  goOn.resolve();
  await tasks.idle();
  assert.equal(runs, 2);
  assert.deepEqual(await accountTasks(db), []);
});

onEachDatabase('a task of a transaction that fails is none', async db => {
  let runs = 0;
  const tasks = new AccountTasks(db, new TestClock(), silentLog, async () => void runs++);
  const failing = db.tx(async tx => {
    await tasks.schedule(tx, 1, 'leave');
    throw new RangeError('no');
  });
  await assert.rejects(failing, RangeError);
  await tasks.idle();
  assert.deepEqual([runs, await accountTasks(db)], [0, []]);
});
