import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertResolved,
  fork,
  levelsOf,
  resolve,
  roomWith,
  TOPIC,
  topic,
  V2,
  V2_AND_LATER,
} from '../../../test/support/resolving.ts';
import { ALICE, BOB, CAROL, TestRoom } from '../../../test/support/room-builder.ts';
import { nodeCrypto } from '../../base/node-crypto.ts';
import type { Event } from '../event.ts';
import type { EventId } from '../ids.ts';
import { stateKeyString } from '../state-key.ts';
import { answerFrom, drive, separate } from './drive.ts';
import type { Need } from './protocol.ts';
import { resolveState } from './resolve.ts';

test('equal sets stay as they are', () => {
  const room = roomWith('11');
  assert.deepEqual(resolve(room, [room.snapshot(), room.snapshot()]), room.snapshot());
  assert.deepEqual(resolve(room, [room.snapshot()]), room.snapshot());
});

test('rejected events are not admitted', () => {
  for (const version of V2_AND_LATER) {
    const room = roomWith(version, { [BOB]: 50 });
    const calm = room.send(topic(ALICE));
    let bad: Event | undefined;
    const one = fork(room, () => {
      bad = room.send(topic(BOB));
    });
    assertResolved(room, [one, room.snapshot()], TOPIC, '', bad);
    room.rejected.add(bad!.id);
    assertResolved(room, [one, room.snapshot()], TOPIC, '', calm);
  }
});

test('rejected auth events lend no power', () => {
  const room = roomWith('12');
  const calm = room.send(topic(ALICE));
  let raise: Event | undefined;
  let late: Event | undefined;
  const one = new Map(
    fork(room, () => {
      raise = room.levels(levelsOf('12', { [BOB]: 50 }));
      late = room.send(topic(BOB));
    }),
  );
  const two = new Map(room.snapshot());
  // Power levels are not conflicted, so v2.1 looks at the topic's own auth events.
  one.set(stateKeyString('m.room.power_levels', ''), two.get(stateKeyString('m.room.power_levels', ''))!);
  assertResolved(room, [one, two], TOPIC, '', late);
  room.rejected.add(raise!.id);
  assertResolved(room, [one, two], TOPIC, '', calm);
});

test('a ban beats what the banned does at the same time, whatever the clocks say', () => {
  for (const version of V2_AND_LATER) {
    const room = roomWith(version, { [BOB]: 50 });
    const calm = room.send(topic(ALICE));
    for (const ts of [1, 1_800_000_000_000]) {
      let ban: Event | undefined;
      const one = fork(room, () => {
        ban = room.member(ALICE, 'ban', BOB);
      });
      const two = fork(room, () => {
        room.send(topic(BOB, { ts }));
      });
      assertResolved(room, [one, two], TOPIC, '', calm);
      assertResolved(room, [one, two], 'm.room.member', BOB, ban);
    }
  }
});

test('a kick is a power event, leaving by oneself is none', () => {
  for (const version of V2_AND_LATER) {
    const room = roomWith(version, { [BOB]: 50 });
    const calm = room.send(topic(ALICE));
    const kicked = fork(room, () => {
      room.member(ALICE, 'leave', BOB);
    });
    const wrote = fork(room, () => {
      room.send(topic(BOB, { ts: 1 }));
    });
    assertResolved(room, [kicked, wrote], TOPIC, '', calm);
    let early: Event | undefined;
    const left = fork(room, () => {
      room.send({
        type: 'm.room.member',
        sender: BOB,
        stateKey: BOB,
        content: { membership: 'leave' },
        ts: 1_800_000_000_000,
      });
    });
    const wroteBefore = fork(room, () => {
      early = room.send(topic(BOB, { ts: 1_790_000_000_000 }));
    });
    assertResolved(room, [left, wroteBefore], TOPIC, '', early);
  }
});

test('closing the room beats a join at the same time', () => {
  for (const version of V2_AND_LATER) {
    const room = roomWith(version);
    room.member(BOB, 'leave');
    const dave = '@dave:four.example';
    let closed: Event | undefined;
    const one = fork(room, () => {
      closed = room.joinRule('invite');
    });
    const two = fork(room, () => {
      room.send({ type: 'm.room.member', sender: dave, stateKey: dave, content: { membership: 'join' }, ts: 1 });
    });
    assertResolved(room, [one, two], 'm.room.join_rules', '', closed);
    assertResolved(room, [one, two], 'm.room.member', dave, undefined);
  }
});

test('of two power level changes the one by the stronger comes first and may undo the other', () => {
  for (const version of V2_AND_LATER) {
    const room = roomWith(version, { [BOB]: 90, [CAROL]: 50 });
    let demotion: Event | undefined;
    const one = fork(room, () => {
      demotion = room.levels(levelsOf(version, { [BOB]: 0, [CAROL]: 50 }));
    });
    const two = fork(room, () => {
      room.send({
        type: 'm.room.power_levels',
        sender: BOB,
        stateKey: '',
        content: levelsOf(version, { [BOB]: 90, [CAROL]: 80 }),
        ts: 1,
      });
    });
    assertResolved(room, [one, two], 'm.room.power_levels', '', demotion);
  }
});

test('creators of version 12 come before any level', () => {
  const room = new TestRoom('12');
  room.found({ additional_creators: [CAROL] });
  room.member(ALICE, 'join');
  room.levels({ users: { [BOB]: 2 ** 53 - 1 } });
  room.joinRule('public');
  room.member(BOB, 'join');
  room.member(CAROL, 'join');
  const calm = room.get('m.room.power_levels');
  const one = fork(room, () => {
    room.member(CAROL, 'ban', BOB);
  });
  const two = fork(room, () => {
    room.send({
      type: 'm.room.power_levels',
      sender: BOB,
      stateKey: '',
      content: { users: { [BOB]: 2 ** 53 - 1 }, ban: 1 },
      ts: 1,
    });
  });
  assertResolved(room, [one, two], 'm.room.power_levels', '', calm);
});

test('among equals the earlier timestamp comes first, then the smaller ID, so that the later one stays', () => {
  for (const version of V2_AND_LATER) {
    const room = roomWith(version, { [BOB]: 50, [CAROL]: 50 });
    for (const [first, second] of [
      [5, 6],
      [6, 5],
      [5, 5],
    ] as const) {
      const made: Event[] = [];
      const sets = [first, second].map((ts, i) =>
        fork(room, () => {
          made.push(room.send(topic(i === 0 ? BOB : CAROL, { ts })));
        }),
      );
      const expected = made.toSorted((a, b) => a.ts - b.ts || (a.id < b.id ? -1 : 1))[1];
      assertResolved(room, sets, TOPIC, '', expected);
      const rules: Event[] = [];
      const ruleSets = [first, second].map((ts, i) =>
        fork(room, () => {
          rules.push(
            room.send({
              type: 'm.room.join_rules',
              sender: i === 0 ? BOB : CAROL,
              stateKey: '',
              content: { join_rule: 'invite' },
              ts,
            }),
          );
        }),
      );
      const rule = rules.toSorted((a, b) => a.ts - b.ts || (a.id < b.id ? -1 : 1))[1];
      assertResolved(room, ruleSets, 'm.room.join_rules', '', rule);
    }
  }
});

test('mainline: what was written under later power levels stays, whatever the clocks say', () => {
  for (const version of V2) {
    const room = roomWith(version, { [BOB]: 50 });
    const old = new Map(room.state);
    room.levels(levelsOf(version, { [BOB]: 50, [CAROL]: 50 }));
    let recent: Event | undefined;
    const one = fork(room, () => {
      recent = room.send(topic(CAROL, { ts: 1 }));
    });
    const two = fork(room, () => {
      room.send(topic(BOB, { ts: 1_800_000_000_000, from: old }));
    });
    assertResolved(room, [one, two], TOPIC, '', recent);
  }
});

test('an event that no state allows any more is dropped, with whatever hung on it', () => {
  for (const version of V2_AND_LATER) {
    const room = roomWith(version, { [BOB]: 50 });
    const demoted = fork(room, () => {
      room.levels(levelsOf(version, {}));
    });
    const used = fork(room, () => {
      room.send({ type: 'x', stateKey: 'only here', sender: BOB, ts: 1 });
    });
    assertResolved(room, [demoted, used], 'x', 'only here', undefined);
  }
});

test('power events are sorted after what they build on: a chain of changes stays a chain', () => {
  for (const version of V2_AND_LATER) {
    const room = roomWith(version, { [BOB]: 90 });
    let last: Event | undefined;
    const one = fork(room, () => {
      // Each needs the one before; timestamps run backwards to tempt a sort by time.
      for (const [i, level] of [10, 20, 30].entries()) {
        last = room.send({
          type: 'm.room.power_levels',
          sender: BOB,
          stateKey: '',
          content: levelsOf(version, { [BOB]: 90 - i, [CAROL]: level }),
          ts: 100 - i,
        });
      }
    });
    assertResolved(room, [one, room.snapshot()], 'm.room.power_levels', '', last);
  }
});

test('the auth chains of what all sets share count for all sets', () => {
  for (const version of V2) {
    const room = roomWith(version);
    const calm = room.send(topic(ALICE));
    const before = new Map(room.state);
    // Alice raised Bob on one branch, where Carol joined again and Bob wrote; the branch lost, Carol's join stayed.
    room.levels(levelsOf(version, { [BOB]: 50 }));
    const join = room.send({
      type: 'm.room.member',
      sender: CAROL,
      stateKey: CAROL,
      content: { membership: 'join', displayname: 'C' },
    });
    const late = room.make(topic(BOB, { ts: 1_800_000_000_000 }));
    room.state = before;
    const winner = room.levels(levelsOf(version, { '@x:y': 1 }));
    const shared = new Map(room.snapshot());
    shared.set(stateKeyString('m.room.member', CAROL), join.id);
    const other = new Map(shared);
    other.set(stateKeyString(TOPIC, ''), late.id);
    assertResolved(room, [other, shared], TOPIC, '', calm);
    assertResolved(room, [other, shared], 'm.room.power_levels', '', winner);

    const { unconflicted, conflicted } = separate([other, shared]);
    const source = { event: (id: EventId) => room.events.get(id), isRejected: () => false };
    const asked: Need[] = [];
    drive(resolveState(room.version, conflicted, nodeCrypto), need => {
      asked.push(need);
      return answerFrom(need, unconflicted, source);
    });
    assert.ok(asked.some(need => 'unconflictedChain' in need));
  }
});

test('the unconflicted state is not changed by events from the auth difference', () => {
  for (const version of V2_AND_LATER) {
    const room = roomWith(version);
    const dave = '@dave:four.example';
    // Dave was invited, joined and left on one branch; the other knows only of the invite and of what came of it.
    const invite = room.member(ALICE, 'invite', dave);
    const join = room.member(dave, 'join');
    const wrote = room.make({ type: 'm.room.member', sender: dave, stateKey: dave, content: { membership: 'leave' } });
    const one = new Map(room.snapshot()).set(stateKeyString('m.room.member', dave), wrote.id);
    const two = new Map(room.snapshot()).set(stateKeyString('m.room.member', dave), invite.id);
    assertResolved(room, [one, two], 'm.room.member', dave, wrote);
    const result = resolve(room, [one, two]);
    assert.equal(result.size, room.snapshot().size);
    assert.ok(room.events.has(join.id));
  }
});

test('v2.1 brings in what lies between conflicted events, so that levels long agreed on are not lost', () => {
  const room = roomWith('12');
  const first = room.get('m.room.power_levels');
  const middle = room.levels(levelsOf('12', { [BOB]: 60 }));
  const third = room.levels(levelsOf('12', { [BOB]: 60, [CAROL]: 10 }));
  const last = room.make({
    type: 'm.room.power_levels',
    stateKey: '',
    sender: BOB,
    content: levelsOf('12', { [BOB]: 60, [CAROL]: 20 }),
  });
  const key = stateKeyString('m.room.power_levels', '');
  const one = new Map(room.snapshot()).set(key, last.id);
  const two = new Map(room.snapshot()).set(key, first.id);
  assert.ok(last.authIds.includes(third.id) && third.authIds.includes(middle.id));
  assertResolved(room, [one, two], 'm.room.power_levels', '', last);
});
