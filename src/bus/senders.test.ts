import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Senders } from './senders.ts';

const patience = { silentMs: 5000, goneMs: 60_000 };

test('a gap in the numbers of a sender is a loss, and is told once', () => {
  const senders = new Senders(patience);
  assert.equal(senders.heardHint('a', 1, 0), false);
  assert.equal(senders.heardHint('a', 2, 0), false);
  assert.equal(senders.heardHint('a', 4, 0), true);
  assert.equal(senders.heardHint('a', 5, 0), false);
  assert.equal(senders.heardHint('b', 1, 0), false);
});

test('a beat shows that the last hints were lost', () => {
  const senders = new Senders(patience);
  senders.heardHint('a', 1, 0);
  assert.equal(senders.heardBeat('a', 1, 0), false);
  assert.equal(senders.heardBeat('a', 3, 0), true);
  assert.equal(senders.heardBeat('a', 3, 0), false);
  assert.equal(senders.heardHint('a', 4, 0), false);
});

test('of a new sender, what it said before is lost', () => {
  const senders = new Senders(patience);
  assert.equal(senders.heardBeat('a', 0, 0), false);
  assert.equal(senders.heardBeat('b', 7, 0), true);
  assert.equal(senders.heardHint('c', 7, 0), true);
});

test('a sender that falls silent may be cut off, until it is taken for gone', () => {
  const senders = new Senders(patience);
  senders.heardBeat('a', 0, 0);
  senders.heardBeat('b', 0, 4000);
  assert.equal(senders.isAnySilent(4999), false);
  assert.equal(senders.isAnySilent(5000), true);
  senders.heardBeat('b', 0, 59_000);
  assert.equal(senders.isAnySilent(59_999), true);
  assert.equal(senders.isAnySilent(60_000), false);
  assert.equal(senders.size, 1);
  assert.equal(senders.heardHint('a', 2, 61_000), true, 'it comes back, and has said something meanwhile');
});

test('a sender that says good-bye is not waited for', () => {
  const senders = new Senders(patience);
  senders.heardHint('a', 1, 0);
  assert.equal(senders.heardBye('a', 1, 0), false);
  senders.heardHint('b', 1, 0);
  assert.equal(senders.heardBye('b', 2, 0), true);
  assert.equal(senders.isAnySilent(10_000), false);
  assert.equal(senders.size, 0);
});

test('senders without an end are not kept', () => {
  const senders = new Senders(patience);
  for (let number = 0; number < 10_000; number++) senders.heardBeat(`sender-${number}`, 0, number);
  assert.equal(senders.size, 4096);
});
