import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import {
  ALICE,
  BOB,
  bodiesSeen,
  CAROL,
  joinAll,
  newRoom,
  roomsOn,
  say,
  setVisibility,
  timelineOf,
  viewOf,
} from '../../test/support/rooms.ts';
import type { UserId } from '../core/ids.ts';
import { ban, invite, join, kick, leave } from './membership.ts';
import { readableState, visibleEvents } from './visibility.ts';

const user = (name: string) => `@${name}:one.example` as UserId;
const [LEFT, BANNED, KICKED, LATE, INVITED] = ['left', 'banned', 'kicked', 'late', 'invited'].map(user) as [
  UserId,
  UserId,
  UserId,
  UserId,
  UserId,
];

/** What each kind of person sees of three messages: before they came, while they were there, after they had gone. */
const EXPECTED: Record<string, Record<string, string[]>> = {
  world_readable: {
    joined: ['before', 'during', 'after'],
    gone: ['before', 'during', 'after'],
    late: ['before', 'during', 'after'],
    invited: ['before', 'during', 'after'],
    never: ['before', 'during', 'after'],
  },
  shared: {
    joined: ['before', 'during', 'after'],
    gone: ['before', 'during'],
    late: ['before', 'during', 'after'],
    invited: [],
    never: [],
  },
  invited: {
    joined: ['before', 'during', 'after'],
    gone: ['during'],
    late: ['during', 'after'],
    invited: ['during', 'after'],
    never: [],
  },
  joined: {
    joined: ['before', 'during', 'after'],
    gone: ['during'],
    late: [],
    invited: [],
    never: [],
  },
};

onEachDatabase('N146: who sees which messages, for each history visibility and each way to be in a room', async db => {
  const parts = roomsOn(db);
  for (const [visibility, expected] of Object.entries(EXPECTED)) {
    const room = await newRoom(parts);
    await setVisibility(parts, room, visibility);
    const message = (body: string) => say(parts, room, ALICE, body);
    await message('before');
    await joinAll(parts, room, [LEFT, BANNED, KICKED]);
    for (const one of [LATE, INVITED]) await invite(parts, room, { sender: ALICE }, one);
    await message('during');
    await leave(parts, room, { sender: LEFT });
    await ban(parts, room, { sender: ALICE }, BANNED);
    await kick(parts, room, { sender: ALICE }, KICKED);
    await message('after');
    await join(parts, room, { sender: LATE });
    const sees = (who: UserId) => bodiesSeen(parts, room, who);
    assert.deepEqual(await sees(ALICE), expected.joined, visibility);
    for (const one of [LEFT, BANNED, KICKED]) assert.deepEqual(await sees(one), expected.gone, `${visibility} ${one}`);
    assert.deepEqual(await sees(LATE), expected.late, `${visibility} late`);
    assert.deepEqual(await sees(INVITED), expected.invited, `${visibility} invited`);
    assert.deepEqual(await sees(CAROL), expected.never, `${visibility} never`);
  }
});

onEachDatabase(
  'a change of visibility counts from then on, and is itself seen by whom either side allows',
  async db => {
    const parts = roomsOn(db);
    const room = await newRoom(parts);
    await setVisibility(parts, room, 'world_readable');
    await say(parts, room, ALICE, 'open');
    await setVisibility(parts, room, 'joined');
    await say(parts, room, ALICE, 'closed');
    await setVisibility(parts, room, 'shared');
    await say(parts, room, ALICE, 'shared');
    assert.deepEqual(await bodiesSeen(parts, room, BOB), ['open']);
    await joinAll(parts, room, [BOB]);
    assert.deepEqual(await bodiesSeen(parts, room, BOB), ['open', 'shared']);
    const view = await viewOf(parts, CAROL);
    const events = (await timelineOf(parts, room)).filter(stored => stored.event.type === 'm.room.history_visibility');
    const seen = await visibleEvents(parts, db, room, view, events);
    assert.deepEqual(
      seen.map(({ stored }) => stored.event.content.history_visibility),
      ['world_readable', 'joined'],
    );
  },
);

onEachDatabase('one’s own comings and goings are always seen, with the membership they led to', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await setVisibility(parts, room, 'joined');
  await invite(parts, room, { sender: ALICE }, BOB);
  await join(parts, room, { sender: BOB });
  await say(parts, room, ALICE, 'during');
  await leave(parts, room, { sender: BOB });
  await ban(parts, room, { sender: ALICE }, BOB);
  const seen = await visibleEvents(parts, db, room, await viewOf(parts, BOB), await timelineOf(parts, room));
  // What came before `joined` was shared, and he was there later.
  assert.deepEqual(
    seen.slice(-5).map(({ stored, membership }) => [stored.event.stateKey ?? stored.event.content.body, membership]),
    [
      [BOB, 'invite'],
      [BOB, 'join'],
      ['during', 'join'],
      [BOB, 'leave'],
      [BOB, 'ban'],
    ],
  );
});

onEachDatabase(
  'N147: state can be read by those inside, as of their last day by those who left, else by nobody',
  async db => {
    const parts = roomsOn(db);
    const room = await newRoom(parts);
    await joinAll(parts, room, [BOB]);
    await leave(parts, room, { sender: BOB });
    await say(parts, room, ALICE, 'later');
    await invite(parts, room, { sender: ALICE }, BOB);
    await invite(parts, room, { sender: ALICE }, CAROL);
    const read = async (who: UserId) => readableState(parts, db, room, await viewOf(parts, who));
    assert.equal((await read(ALICE))?.upTo, Number.MAX_SAFE_INTEGER);
    const bob = await read(BOB);
    assert.equal(await parts.state.membership(db, room, bob?.root ?? 0, BOB), 'leave');
    assert.equal(await parts.state.membership(db, room, bob?.root ?? 0, CAROL), undefined, 'of the day he left');
    assert.equal(await read(CAROL), undefined);
    assert.equal(await read(LEFT), undefined);
    await setVisibility(parts, room, 'world_readable');
    assert.equal((await read(LEFT))?.upTo, Number.MAX_SAFE_INTEGER);
  },
);
