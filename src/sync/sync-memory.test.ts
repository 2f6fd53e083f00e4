import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { ALICE, BOB, CAROL, joinAll, newRoom, roomsOn } from '../../test/support/rooms.ts';
import { SyncBench } from '../../test/support/sync.ts';
import type { Admission } from '../base/admission.ts';
import { BudgetFullError } from '../base/budget-account.ts';
import type { UserId } from '../core/ids.ts';
import { sql } from '../db/sql.ts';

/** Admits until told otherwise; shows what was asked for and what is held. */
class Asked implements Admission {
  readonly works: string[] = [];
  readonly bytes: number[] = [];
  held = 0;
  isFull = false;

  async admit(work: string, bytes: number) {
    if (this.isFull) throw new BudgetFullError(work, 'full', 1000);
    this.works.push(work);
    this.bytes.push(bytes);
    this.held++;
    return { bytes, add() {}, [Symbol.dispose]: () => void this.held-- };
  }
}

onEachDatabase('an initial sync asks for memory by what it will show, and gives it back', async db => {
  const rooms = roomsOn(db);
  const asked = new Asked();
  using bench = new SyncBench(rooms, {}, asked);
  const nobody = '@nobody:one.example' as UserId;
  await bench.as(nobody);
  await joinAll(rooms, await newRoom(rooms), [BOB]);
  const { next_batch: since } = await bench.as(BOB);
  const crowd = Array.from({ length: 30 }, (_, at) => `@user${at}:one.example` as UserId);
  await joinAll(rooms, await newRoom(rooms), [BOB, CAROL, ...crowd]);
  await bench.as(BOB);
  const lazy = { room: { state: { lazy_load_members: true } } };
  await bench.as(BOB, undefined, { filter: lazy });
  const [none = 0, small = 0, large = 0, lazily = 0] = asked.bytes;
  assert.ok(none < small && small < lazily && lazily < large, asked.bytes.join());
  // Where memory is short, little is still answered.
  assert.deepEqual(asked.works, ['answer', 'answer', 'initial_sync', 'initial_sync']);
  assert.equal(asked.held, 0);
  asked.isFull = true;
  await assert.rejects(bench.as(BOB), BudgetFullError);
  await assert.rejects(bench.as(BOB, since, { fullState: true }), BudgetFullError);
  assert.ok((await bench.as(BOB, since)).rooms, 'one that goes on is served');
});

onEachDatabase('an initial sync that is written as it is read asks for a part of what large rooms have', async db => {
  const rooms = roomsOn(db);
  const asked = new Asked();
  using bench = new SyncBench(rooms, {}, asked);
  const room = await newRoom(rooms);
  await joinAll(rooms, room, [BOB]);
  await db.run(sql`update room set joined_count = 100000 where nid = ${room.nid}`);
  await bench.as(BOB, undefined, { late: new Map() });
  await bench.as(BOB);
  const [written = 0, whole = 0] = asked.bytes;
  assert.ok(written < 8 * 1024 * 1024 && whole > 500 * 1024 * 1024, asked.bytes.join());
});

onEachDatabase('who waits and is sent away for want of memory hears so; on other ends they are answered', async db => {
  const rooms = roomsOn(db);
  await newRoom(rooms);
  using bench = new SyncBench(rooms);
  const { next_batch: since } = await bench.as(ALICE);
  const full = new BudgetFullError('requests', 'critical', 1000);
  const [pressed, drained] = [new AbortController(), new AbortController()];
  const waiting = [pressed, drained].map(({ signal }) => bench.as(ALICE, since, { timeoutMs: 60_000, signal }));
  pressed.abort(full);
  drained.abort();
  await assert.rejects(waiting[0] ?? assert.fail(), error => error === full);
  assert.equal((await waiting[1])?.next_batch, since);
});
