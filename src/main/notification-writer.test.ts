import assert from 'node:assert/strict';
import { testBudget } from '../../test/support/budget.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import { PushWorld } from '../../test/support/push.ts';
import { ALICE, BOB, joinAll, newRoom, reply, roomsOn, say, viewOf } from '../../test/support/rooms.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { systemClock } from '../base/clock.ts';
import { CompiledRulesets } from '../push/compiled-rulesets.ts';
import { counts } from '../push/notifications.table.ts';
import { PushEvaluator } from '../push/push-evaluator.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import { notificationWriter } from './notification-writer.ts';

onEachDatabase(
  'what relates to a reply counts in its thread, what relates to the root in the main timeline',
  async db => {
    const { bus, notifications } = new PushWorld(db);
    using rulesets = new CompiledRulesets({ bus, clock: systemClock, budget: testBudget() });
    // The writer asks the accounts for one thing only: who ignores the sender.
    const accounts = { ignored: { ignorersOf: async () => new Set<number>() } } as unknown as Accounts;
    const rooms: RoomsParts = {
      ...roomsOn(db),
      notifications: notificationWriter({
        rooms: () => rooms,
        accounts: () => accounts,
        evaluator: new PushEvaluator(rulesets),
        notifications,
      }),
    };
    const room = await newRoom(rooms);
    await joinAll(rooms, room, [BOB]);
    const { userNid } = await viewOf(rooms, BOB);
    const about = (target: string) => ({ 'm.relates_to': { rel_type: 'm.reference', event_id: target } });
    const root = await say(rooms, room, ALICE, 'root');
    const answer = await reply(rooms, room, ALICE, root, 'answer');
    await say(rooms, room, ALICE, 'about the answer', about(answer.event.id));
    await say(rooms, room, ALICE, 'about the root', about(root.event.id));
    const threads = (await counts(db, userNid, new Map([[room.nid, Number.MAX_SAFE_INTEGER]]))).get(room.nid)?.threads;
    assert.deepEqual(
      [threads?.get('main')?.notify, threads?.get(root.event.id)?.notify],
      [2, 2],
      'root and what is about it; the answer and what is about that',
    );
  },
);
