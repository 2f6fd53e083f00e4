import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ALICE, BOB, TestRoom } from '../../../test/support/room-builder.ts';
import { nodeCrypto } from '../../base/node-crypto.ts';
import type { Event } from '../event.ts';
import type { EventId } from '../ids.ts';
import { knownRoomVersions } from '../room-versions.ts';
import { splitStateKey, stateKeyString } from '../state-key.ts';
import { drive, resolveWhole, separate } from './drive.ts';
import { Heap } from './heap.ts';
import type { Need, StateSet } from './protocol.ts';
import { resolveState } from './resolve.ts';

const ALL = knownRoomVersions.map(version => version.id);
const LEVELS = stateKeyString('m.room.power_levels', '');

function source(events: ReadonlyMap<EventId, Event>): Parameters<typeof resolveWhole>[2] {
  return { event: id => events.get(id), isRejected: () => false };
}

/** Two sets that differ in the power levels, one `length` changes ahead of the other. */
function longChain(version: string, length: number): { room: TestRoom; sets: [StateSet, StateSet]; last: Event } {
  const room = new TestRoom(version).standard();
  const before = room.snapshot();
  let last = room.get('m.room.power_levels');
  const own = version === '12' ? {} : { [ALICE]: 100 };
  for (let i = 0; i < length; i++) last = room.levels({ users: { ...own, [BOB]: i % 50 } });
  return { room, sets: [before, room.snapshot()], last };
}

test('auth chains of 10,000 events and more need no stack', () => {
  for (const version of ['6', '12']) {
    const { room, sets, last } = longChain(version, 12_000);
    const resolved = resolveWhole(room.version, sets, source(room.events), nodeCrypto);
    assert.equal(resolved.get(LEVELS), last.id);
  }
});

test('four times the events are looked at four times as often', () => {
  const looks = (length: number): number => {
    const { room, sets } = longChain('11', length);
    let count = 0;
    const event = (id: EventId) => {
      count++;
      return room.events.get(id);
    };
    const counting = { ...source(room.events), event };
    resolveWhole(room.version, sets, counting, nodeCrypto);
    return count;
  };
  const small = looks(1000);
  const large = looks(4000);
  assert.ok(large < small * 4.5, `${small} looks, then ${large} for four times as many`);
});

test('every event is asked for once, level by level', () => {
  const { room, sets } = longChain('11', 50);
  const asked: EventId[] = [];
  const { unconflicted, conflicted } = separate(sets);
  let rounds = 0;
  drive(resolveState(room.version, conflicted, nodeCrypto), need => {
    rounds++;
    if ('events' in need) {
      asked.push(...need.events);
      return { events: new Map(need.events.map(id => [id, room.events.get(id)!])) };
    }
    if ('state' in need)
      return {
        state: new Map([...unconflicted].filter(([key]) => need.state.some(pair => stateKeyString(...pair) === key))),
      };
    return { unconflictedChain: new Set() };
  });
  assert.equal(new Set(asked).size, asked.length);
  assert.ok(rounds < 60, `${rounds} rounds`);
});

test('an answer may run ahead: a store that sends whole chains is asked a few times only', () => {
  const { room, sets, last } = longChain('11', 50);
  const { conflicted } = separate(sets);
  const needs: Need[] = [];
  const resolved = drive(resolveState(room.version, conflicted, nodeCrypto), need => {
    needs.push(need);
    return { events: room.events, state: new Map(), unconflictedChain: new Set() };
  });
  assert.equal(resolved.get(LEVELS), last.id);
  assert.ok(needs.length <= 4, `${needs.length} rounds`);
});

test('missing events are as good as never made', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ALL), fc.array(fc.nat(30), { maxLength: 12 }), (version, gone) => {
      const { room, sets } = longChain(version, 12);
      const events = new Map(room.events);
      for (const index of gone) events.delete([...room.events.keys()][index] ?? ('' as EventId));
      const resolved = resolveWhole(room.version, sets, source(events), nodeCrypto);
      const id = resolved.get(LEVELS);
      assert.ok(id === undefined || events.has(id));
    }),
  );
});

test('a store that knows nothing leads to an empty result, not to an end of the world', () => {
  for (const version of ALL) {
    const { room, sets } = longChain(version, 3);
    const { conflicted } = separate(sets);
    assert.equal(drive(resolveState(room.version, conflicted, nodeCrypto), () => ({})).size, 0);
    assert.equal(drive(resolveState(room.version, [new Map(), new Map()], nodeCrypto), () => assert.fail()).size, 0);
  }
});

test('auth events in a circle, possible with chosen IDs, come to an end', () => {
  for (const version of ['1', '2']) {
    const room = new TestRoom(version).standard();
    const auth = room.make({ type: 'm.room.power_levels', stateKey: '' }).authIds.slice(0, 1);
    const ids = ['$a:one.example', '$b:one.example', '$c:one.example'] as EventId[];
    const cycle = ids.map((id, i) =>
      room.make({
        type: 'm.room.power_levels',
        stateKey: '',
        id,
        auth: [...auth, ids[(i + 1) % 3]!],
        content: { users: { [ALICE]: 100 } },
      }),
    );
    const sets = cycle.map(event => new Map(room.snapshot()).set(LEVELS, event.id));
    const resolved = resolveWhole(room.version, sets, source(room.events), nodeCrypto);
    assert.equal(resolved.get(stateKeyString('m.room.create', '')), room.create.id);
  }
});

test('events of another room are not known', () => {
  const { room, sets } = longChain('11', 2);
  const other = new TestRoom('11', 'other').standard();
  const foreign = other.levels({ users: {} });
  const events = new Map([...room.events, ...other.events]);
  const two = new Map(sets[1]).set(LEVELS, foreign.id);
  const resolved = resolveWhole(room.version, [sets[1], two], source(events), nodeCrypto);
  assert.equal(resolved.get(LEVELS), sets[1].get(LEVELS));
});

test('state keys and their strings are one to one, whatever characters they hold', () => {
  const text = fc.string({ unit: 'binary', maxLength: 5 });
  fc.assert(
    fc.property(text, text, text, text, (a, b, c, d) => {
      assert.deepEqual(splitStateKey(stateKeyString(a, b)), [a, b]);
      assert.equal(stateKeyString(a, b) === stateKeyString(c, d), a === c && b === d);
    }),
  );
  assert.notEqual(stateKeyString('a\0b', 'c'), stateKeyString('a', 'b\0c'));
  assert.notEqual(stateKeyString('1', ':x'), stateKeyString('1:', 'x'));
});

test('the heap sorts', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), numbers => {
      const heap = new Heap<number>((a, b) => a - b);
      for (const number of numbers) heap.push(number);
      const sorted = numbers.map(() => heap.pop());
      assert.deepEqual(
        sorted,
        numbers.toSorted((a, b) => a - b),
      );
      assert.equal(heap.pop(), undefined);
    }),
  );
});
