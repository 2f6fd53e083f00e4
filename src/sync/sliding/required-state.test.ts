import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { added, isWanted, type RequiredState, requiredState, union, wantsAllMembers } from './required-state.ts';

const ME = '@me:one.example';
const MEMBER = 'm.room.member';
const of = (...pairs: (readonly [string, string])[]) => requiredState(pairs, ME);

test('$ME is the user, * is any, and $LAZY takes members out of what is wanted of any type', () => {
  const state = of([MEMBER, '$ME'], ['a', '*'], [MEMBER, '$LAZY'], [MEMBER, '$ME']);
  assert.deepEqual(state, {
    patterns: [
      ['a', null],
      [MEMBER, ME],
    ],
    lazyMembers: true,
  });
  const all = of(['*', '*'], [MEMBER, '$LAZY']);
  assert.deepEqual([isWanted(all, 'a', 'x'), isWanted(all, MEMBER, '@you:one.example')], [true, false]);
  assert.deepEqual(
    [wantsAllMembers(all), wantsAllMembers(of(['*', '*'])), wantsAllMembers(of([MEMBER, '*']))],
    [false, true, true],
  );
  assert.equal(isWanted(of(['*', '@you:one.example'], [MEMBER, '$LAZY']), MEMBER, '@you:one.example'), true);
});

const types = ['a', 'b', MEMBER];
const keys = ['', ME, '@you:one.example'];
const pairs = fc.array(fc.tuple(fc.constantFrom(...types, '*'), fc.constantFrom(...keys, '*', '$ME', '$LAZY')), {
  maxLength: 4,
});
const states = pairs.map(some => requiredState(some, ME));
const everything = types.flatMap(type => keys.map(key => [type, key] as const));
const wantedOf = (state: RequiredState) => everything.filter(([type, key]) => isWanted(state, type, key));

test('a union wants what either wants', () => {
  fc.assert(
    fc.property(states, states, (one, other) => {
      const both = wantedOf(union(one, other));
      for (const pair of [...wantedOf(one), ...wantedOf(other)]) {
        // Lazily loaded members are wanted where an event names them.
        const isLazily = pair[0] === MEMBER && union(one, other).lazyMembers;
        assert.ok(isLazily || both.includes(pair), pair.join());
      }
    }),
  );
});

test('what is wanted and was not before is in what is added', () => {
  fc.assert(
    fc.property(states, states, (now, before) => {
      const told = [...wantedOf(before), ...wantedOf(added(now, before))];
      for (const pair of wantedOf(now)) assert.ok(told.includes(pair), pair.join());
    }),
  );
  const state = of(['*', '*'], [MEMBER, '$LAZY']);
  assert.deepEqual(added(state, state).patterns, []);
  assert.deepEqual(added(of(['a', 'x']), of(['a', '*'])).patterns, []);
});
