import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertResolved,
  fork,
  levelsOf,
  roomWith,
  TOPIC,
  topic,
  V2_AND_LATER,
} from '../../../test/support/resolving.ts';
import { ALICE, BOB, CAROL } from '../../../test/support/room-builder.ts';
import type { Event } from '../event.ts';
import { stateKeyString } from '../state-key.ts';

/** How state is set back on v2, and how it is not on v2.1 (MSC4297); and what a hostile fork tries for. */

test('N035 v2 starts from the unconflicted state (MSC4297, "Problem A"): a ban that all agree on keeps out what the banned once wrote', () => {
  for (const version of V2_AND_LATER) {
    const room = roomWith(version, { [BOB]: 50 });
    const calm = room.send(topic(ALICE));
    let late: Event | undefined;
    const one = new Map(
      fork(room, () => {
        late = room.send(topic(BOB));
      }),
    );
    const two = new Map(room.snapshot());
    const ban = room.member(ALICE, 'ban', BOB);
    for (const set of [one, two]) set.set(stateKeyString('m.room.member', BOB), ban.id);
    // v2.1 starts from the empty set instead, where Bob's topic is judged by its own auth events.
    assertResolved(room, [one, two], TOPIC, '', version === '12' ? late : calm);
  }
});

test('N035 what lies between conflicted events is lost on v2 where all sets know it, and not on v2.1 (MSC4297, "Problem B")', () => {
  for (const version of V2_AND_LATER) {
    const room = roomWith(version);
    const first = room.get('m.room.power_levels');
    room.levels(levelsOf(version, { [BOB]: 60 }));
    room.levels(levelsOf(version, { [BOB]: 60, [CAROL]: 10 }));
    // Allowed by those levels, and agreed on: they are in the auth chains of both sets, and in no difference of them.
    room.send({
      type: 'm.room.member',
      sender: CAROL,
      stateKey: CAROL,
      content: { membership: 'join', displayname: 'C' },
    });
    const last = room.make({
      type: 'm.room.power_levels',
      stateKey: '',
      sender: BOB,
      content: levelsOf(version, { [BOB]: 60, [CAROL]: 20 }),
    });
    const key = stateKeyString('m.room.power_levels', '');
    const one = new Map(room.snapshot()).set(key, last.id);
    const two = new Map(room.snapshot()).set(key, first.id);
    assertResolved(room, [one, two], 'm.room.power_levels', '', version === '12' ? last : first);
  }
});

test('N033 a fork from far history with a chain of power levels of its own wins nothing back', () => {
  for (const version of V2_AND_LATER) {
    const room = roomWith(version, { [BOB]: 90 });
    const before = room.get('m.room.power_levels').content;
    // Bob was demoted long ago, and much has happened since.
    const evil = fork(room, () => {
      for (let i = 0; i < 30; i++) {
        const users = levelsOf(version, { [BOB]: 90, [CAROL]: i });
        room.send({ type: 'm.room.power_levels', sender: BOB, stateKey: '', content: users, ts: 1 });
      }
      room.member(BOB, 'ban', CAROL);
      room.send(topic(BOB, { ts: 1 }));
    });
    const demoted = room.levels(levelsOf(version, { [BOB]: 0 }));
    const calm = room.send(topic(ALICE));
    const honest = room.snapshot();
    const carol = room.get('m.room.member', CAROL);
    assert.notDeepEqual(before, demoted.content);
    assertResolved(room, [honest, evil], 'm.room.power_levels', '', demoted);
    assertResolved(room, [honest, evil], 'm.room.member', CAROL, carol);
    assertResolved(room, [honest, evil], TOPIC, '', calm);
  }
});
