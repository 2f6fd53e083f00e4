import assert from 'node:assert/strict';
import { testBudget } from '../../test/support/budget.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import { PushWorld } from '../../test/support/push.ts';
import { ALICE, BOB, joinAll, newRoom, reply, roomsOn, say, viewOf } from '../../test/support/rooms.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { systemClock } from '../base/clock.ts';
import type { Database } from '../db/database.ts';
import { CompiledRulesets } from '../push/compiled-rulesets.ts';
import { counts, notificationHistory, unreadTotal } from '../push/notifications.table.ts';
import { PushEvaluator } from '../push/push-evaluator.ts';
import { ban, invite, kick, leave } from '../rooms/membership.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { Room } from '../rooms/room.ts';
import { sendEvent } from '../rooms/send.ts';
import { notificationWriter } from './notification-writer.ts';

/** Rooms on a database whose members are notified by the rules that all begin with. */
function roomsThatNotify(db: Database): Disposable & { readonly rooms: RoomsParts } {
  const { bus, notifications } = new PushWorld(db);
  const rulesets = new CompiledRulesets({ bus, clock: systemClock, budget: testBudget() });
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
  return { rooms, [Symbol.dispose]: () => rulesets[Symbol.dispose]() };
}

onEachDatabase(
  'what relates to a reply counts in its thread, what relates to the root in the main timeline',
  async db => {
    using world = roomsThatNotify(db);
    const { rooms } = world;
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

onEachDatabase('what somebody got in a room that they are out of is not unread any more', async db => {
  using world = roomsThatNotify(db);
  const { rooms } = world;
  const { userNid } = await viewOf(rooms, BOB);
  const unread = () => unreadTotal(db, userNid);
  const stay = await newRoom(rooms);
  await joinAll(rooms, stay, [BOB]);
  await say(rooms, stay, ALICE, 'this stays unread');
  const byAlice = { sender: ALICE };
  const ends = [
    (room: Room) => leave(rooms, room, { sender: BOB }),
    (room: Room) => kick(rooms, room, byAlice, BOB),
    (room: Room) => ban(rooms, room, byAlice, BOB),
  ];
  for (const end of ends) {
    const room = await newRoom(rooms);
    await joinAll(rooms, room, [BOB]);
    const root = await say(rooms, room, ALICE, 'root');
    await reply(rooms, room, ALICE, root, 'in a thread');
    assert.equal(await unread(), 3);
    await end(room);
    assert.equal(await unread(), 1);
  }
  for (const end of ends) {
    const room = await newRoom(rooms);
    await invite(rooms, room, byAlice, BOB);
    assert.equal(await unread(), 2, 'an invite notifies');
    await end(room);
    assert.equal(await unread(), 1);
  }
});

onEachDatabase('when somebody was notified is told by our clock, not by what the event says of itself', async db => {
  using world = roomsThatNotify(db);
  const { rooms } = world;
  const room = await newRoom(rooms);
  await joinAll(rooms, room, [BOB]);
  const before = rooms.clock.now();
  const draft = { type: 'm.room.message', sender: ALICE, content: { msgtype: 'm.text', body: 'from 1970' }, ts: 1 };
  await sendEvent(rooms, room, draft, undefined);
  const { userNid } = await viewOf(rooms, BOB);
  const options = { before: undefined, limit: 1, onlyHighlights: false };
  const [newest] = await notificationHistory(db, userNid, options);
  assert.ok(newest !== undefined && newest.ts > before, String(newest?.ts));
});
