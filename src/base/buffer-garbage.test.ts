import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import { BufferGarbage } from './buffer-garbage.ts';

const MIB = 1024 * 1024;

function world() {
  const clock = new TestClock();
  const state = { live: 3 * MIB, dead: 0, collections: 0, looks: 0 };
  const garbage = new BufferGarbage({
    clock,
    held: () => {
      state.looks++;
      return state.live + state.dead;
    },
    collect: () => {
      state.collections++;
      state.dead = 0;
    },
  });
  const pass = (ms: number) => {
    for (let at = 0; at < ms; at += 25) clock.advance(25);
  };
  return { state, garbage, pass };
}

test('dead buffers are collected when there are many, live ones are not taken for them again and again', () => {
  const { state, garbage, pass } = world();
  garbage.watch();
  state.dead = 7 * MIB;
  pass(100);
  assert.equal(state.collections, 0);
  state.dead = 9 * MIB;
  pass(100);
  assert.equal(state.collections, 1);
  state.live = 40 * MIB;
  pass(1000);
  assert.equal(state.collections, 2);
  garbage.watch();
  state.live = 3 * MIB;
  pass(100);
  state.dead = 9 * MIB;
  pass(100);
  assert.equal(state.collections, 3, 'it starts anew from what is left');
});

test('nobody looks when nothing happens', () => {
  const { state, garbage, pass } = world();
  garbage.watch();
  pass(5000);
  const { looks } = state;
  pass(5000);
  assert.equal(state.looks, looks);
  garbage.watch();
  pass(100);
  assert.ok(state.looks > looks);
  garbage[Symbol.dispose]();
  const after = state.looks;
  pass(1000);
  assert.equal(state.looks, after);
});

test('where little comes with many requests it is looked at seldom, and often again when much comes', () => {
  const { state, garbage, pass } = world();
  const looksIn = (ms: number, bytes: number) => {
    const before = state.looks;
    for (let at = 0; at < ms; at += 200) {
      garbage.watch();
      for (let step = 0; step < 8; step++) {
        state.dead += bytes / 8;
        pass(25);
      }
    }
    return state.looks - before;
  };
  const few = looksIn(2000, 1000);
  assert.ok(few <= 30, `${few} looks in 2 s`);
  const many = looksIn(2000, 2 * MIB);
  assert.ok(many >= 70, `${many} looks in 2 s`);
  assert.ok(state.collections >= 1);
});
