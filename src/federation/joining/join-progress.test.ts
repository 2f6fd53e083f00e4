import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { membershipsOn } from '../../../test/support/memberships.ts';
import { ALICE, roomsOn } from '../../../test/support/rooms.ts';
import type { Admission } from '../../base/admission.ts';
import { BudgetFullError } from '../../base/budget-account.ts';
import type { RoomId, ServerName } from '../../core/ids.ts';
import type { CheckedEvents } from '../events/checked-events.ts';
import { JoinProgress } from './join-progress.ts';
import { joinsStatus } from './join-status.ts';

const ROOM = '!large:two.example' as RoomId;

onEachDatabase('a join that finds no memory is shown with the reason, and its user is told', async db => {
  const waiting = Promise.withResolvers<void>();
  const full = Promise.withResolvers<never>();
  const admission: Admission = {
    async admit(_work, _bytes, _signal, onWait) {
      onWait?.('75 % of the memory are used');
      waiting.resolve();
      return full.promise;
    },
  };
  const nobody = () => Promise.reject(new Error('nobody is asked'));
  const rooms = roomsOn(db);
  const checked = {} as CheckedEvents;
  const { memberships, progress } = membershipsOn(() => rooms, checked, { request: nobody, stream: nobody }, admission);
  const join = memberships.join({ roomId: ROOM, userId: ALICE, via: ['two.example'], content: {} });
  await waiting.promise;
  const { running, unfinished } = await joinsStatus(rooms, progress);
  assert.deepEqual(
    running.map(({ roomId, phase, reason }) => ({ roomId, phase, reason })),
    [{ roomId: ROOM, phase: 'waiting', reason: '75 % of the memory are used' }],
  );
  assert.deepEqual(unfinished, []);
  assert.equal(memberships.progressOf(ROOM), 'waits: 75 % of the memory are used');
  full.reject(new BudgetFullError('join', 'too many wait', 2000));
  await assert.rejects(join, {
    errcode: 'M_LIMIT_EXCEEDED',
    message: 'The room cannot be joined just now: 75 % of the memory are used.',
    fields: { retry_after_ms: 30_000 },
  });
  assert.deepEqual((await joinsStatus(rooms, progress)).running, []);
  assert.equal(memberships.progressOf(ROOM), undefined);
});

test('a join tells what it does and how far it is', () => {
  let now = 5000;
  const progress = new JoinProgress({ monotonic: () => now });
  using join = progress.begin(ROOM);
  join.waits('it is late');
  join.asks('two.example' as ServerName);
  join.receives(() => ({ stored: 7, aside: 1, refused: 0 }));
  now += 3000;
  assert.deepEqual(progress.list, [
    {
      roomId: ROOM,
      phase: 'receiving',
      server: 'two.example',
      reason: undefined,
      forSeconds: 3,
      counts: { stored: 7, aside: 1, refused: 0 },
    },
  ]);
});
