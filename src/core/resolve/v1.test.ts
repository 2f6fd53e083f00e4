import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ALICE, BOB, CAROL, type Draft, TestRoom } from '../../../test/support/room-builder.ts';
import { nodeCrypto } from '../../base/node-crypto.ts';
import type { Event } from '../event.ts';
import type { EventId } from '../ids.ts';
import { stateKeyString } from '../state-key.ts';
import { resolveWhole } from './drive.ts';
import type { StateSet } from './protocol.ts';
import { sha1Hex } from './sha1.ts';

const TOPIC = 'm.room.topic';

function roomWith(users: Record<string, number> = {}): TestRoom {
  const room = new TestRoom('1').standard(users);
  room.member(BOB, 'join');
  room.member(CAROL, 'join');
  return room;
}

/** The room's state with some events in their places. */
function withEvents(room: TestRoom, ...events: Event[]): StateSet {
  const set = room.snapshot();
  for (const event of events) set.set(stateKeyString(event.type, event.stateKey!), event.id);
  return set;
}

function assertResolved(
  room: TestRoom,
  sets: readonly StateSet[],
  type: string,
  key: string,
  expected: Event | undefined,
): void {
  const source = { event: (id: EventId) => room.events.get(id), isRejected: (id: EventId) => room.rejected.has(id) };
  for (const order of [sets, sets.toReversed()]) {
    assert.equal(resolveWhole(room.version, order, source, nodeCrypto).get(stateKeyString(type, key)), expected?.id);
  }
}

function topic(sender: string, depth: number, more: Partial<Draft> = {}): Draft {
  return { type: TOPIC, stateKey: '', sender, depth, ...more };
}

test('SHA-1 is that of the standard', () => {
  for (const length of [0, 1, 3, 54, 55, 56, 63, 64, 65, 119, 120, 1000]) {
    const data = Uint8Array.from({ length }, (_, i) => (i * 31) & 0xff);
    assert.equal(sha1Hex(data), createHash('sha1').update(data).digest('hex'));
  }
});

test('an entry that only some sets have is no conflict', () => {
  const room = roomWith();
  // Carol may not set it, but nothing contradicts it.
  const only = room.make({ type: 'x', stateKey: '', sender: CAROL });
  assertResolved(room, [withEvents(room, only), room.snapshot()], 'x', '', only);
});

test('of other events the deepest that is allowed wins', () => {
  const room = roomWith({ [BOB]: 50 });
  const low = room.make(topic(ALICE, 10));
  const high = room.make(topic(BOB, 11));
  assertResolved(room, [withEvents(room, low), withEvents(room, high)], TOPIC, '', high);
  const forbidden = room.make(topic(CAROL, 12));
  assertResolved(room, [withEvents(room, low), withEvents(room, forbidden), withEvents(room, high)], TOPIC, '', high);
});

test('at equal depth the smaller SHA-1 of the ID wins', () => {
  const room = roomWith();
  const ids = ['$one:a', '$two:a', '$three:a', '$four:a'];
  const events = ids.map(id => room.make(topic(ALICE, 10, { id })));
  const hash = (event: Event): string => createHash('sha1').update(event.id).digest('hex');
  const smallest = events.toSorted((a, b) => (hash(a) < hash(b) ? -1 : 1))[0];
  assertResolved(
    room,
    events.map(event => withEvents(room, event)),
    TOPIC,
    '',
    smallest,
  );
});

test('if none is allowed the least deep stays', () => {
  const room = roomWith();
  const [low, high] = [room.make(topic(CAROL, 10)), room.make(topic(CAROL, 11))];
  assertResolved(room, [withEvents(room, low), withEvents(room, high)], TOPIC, '', low);
});

test('N036 power levels are taken from the least deep on, each allowed by the one before, until one is not', () => {
  const room = roomWith({ [BOB]: 60 });
  const levels = (sender: string, depth: number, users: Record<string, number>): Event =>
    room.make({
      type: 'm.room.power_levels',
      stateKey: '',
      sender,
      depth,
      content: { users: { [ALICE]: 100, ...users } },
    });
  const first = levels(ALICE, 10, { [BOB]: 60 });
  const second = levels(BOB, 11, { [BOB]: 60, [CAROL]: 60 });
  const third = levels(CAROL, 12, { [BOB]: 60, [CAROL]: 60, '@x:y': 1 });
  const sets = [first, second, third].map(event => withEvents(room, event));
  assertResolved(room, sets, 'm.room.power_levels', '', third);
  // The second is refused, and with it everything after, though Alice might do anything.
  const refused = levels(CAROL, 11, { [CAROL]: 100 });
  const after = levels(ALICE, 12, {});
  assertResolved(
    room,
    [first, refused, after].map(event => withEvents(room, event)),
    'm.room.power_levels',
    '',
    first,
  );
});

test('join rules are judged by the resolved power levels, memberships by the resolved join rules, the rest by those', () => {
  const room = roomWith({ [BOB]: 50 });
  const lower = room.make({
    type: 'm.room.power_levels',
    stateKey: '',
    depth: 10,
    content: { users: { [ALICE]: 100, [BOB]: 50 } },
  });
  const demotion = room.make({
    type: 'm.room.power_levels',
    stateKey: '',
    depth: 11,
    content: { users: { [ALICE]: 100 } },
  });
  const open = room.make({ type: 'm.room.join_rules', stateKey: '', depth: 12, content: { join_rule: 'public' } });
  const closed = room.make({
    type: 'm.room.join_rules',
    stateKey: '',
    depth: 13,
    sender: BOB,
    content: { join_rule: 'invite' },
  });
  const joined = room.make({
    type: 'm.room.member',
    sender: CAROL,
    stateKey: CAROL,
    depth: 14,
    content: { membership: 'leave' },
  });
  const again = room.make({
    type: 'm.room.member',
    sender: CAROL,
    stateKey: CAROL,
    depth: 15,
    content: { membership: 'join' },
  });
  const byAlice = room.make(topic(ALICE, 16));
  const byBob = room.make(topic(BOB, 17));
  const one = withEvents(room, lower, open, joined, byAlice);
  const two = withEvents(room, demotion, closed, again, byBob);
  assertResolved(room, [one, two], 'm.room.power_levels', '', demotion);
  assertResolved(room, [one, two], 'm.room.join_rules', '', open);
  assertResolved(room, [one, two], 'm.room.member', CAROL, again);
  assertResolved(room, [one, two], TOPIC, '', byAlice);
});

test('a ban stands against a join of either depth', () => {
  const room = roomWith();
  const ban = room.make({ type: 'm.room.member', stateKey: BOB, depth: 12, content: { membership: 'ban' } });
  const join = room.make({
    type: 'm.room.member',
    sender: BOB,
    stateKey: BOB,
    depth: 11,
    content: { membership: 'join', x: 1 },
  });
  assertResolved(room, [withEvents(room, ban), withEvents(room, join)], 'm.room.member', BOB, ban);
  const deeper = room.make({
    type: 'm.room.member',
    sender: BOB,
    stateKey: BOB,
    depth: 13,
    content: { membership: 'join', x: 2 },
  });
  // After the ban the join is not allowed, so the ban stays.
  assertResolved(room, [withEvents(room, ban), withEvents(room, deeper)], 'm.room.member', BOB, ban);
});

test('rejected and unknown events are left out', () => {
  const room = roomWith();
  const [low, high] = [room.make(topic(ALICE, 10)), room.make(topic(ALICE, 11))];
  room.rejected.add(high.id);
  assertResolved(room, [withEvents(room, low), withEvents(room, high)], TOPIC, '', low);
  room.events.delete(low.id);
  assertResolved(room, [withEvents(room, low), withEvents(room, high)], TOPIC, '', undefined);
});
