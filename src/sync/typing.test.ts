import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import { systemRandom } from '../base/random.ts';
import type { UserId } from '../core/ids.ts';
import { Typing } from './typing.ts';

const ALICE = '@alice:one.example' as UserId;

test('N156 nobody types for longer than two minutes, whatever the client says', () => {
  const clock = new TestClock();
  const typing = new Typing({ clock, random: systemRandom, changed: () => undefined });
  typing.set(1, ALICE, 1e12);
  clock.advance(119_999);
  assert.deepEqual(typing.since(1, undefined), [ALICE]);
  clock.advance(1);
  assert.equal(typing.since(1, undefined), undefined);
});

test('a token of this run tells what is new, one of another run does not', () => {
  const clock = new TestClock();
  const [typing, other] = [1, 2].map(() => new Typing({ clock, random: systemRandom, changed: () => undefined }));
  typing?.set(1, ALICE, 1000);
  other?.set(1, ALICE, 1000);
  assert.deepEqual(typing?.changedSince(typing.token), []);
  assert.deepEqual(typing?.changedSince(other?.token ?? ''), [1]);
});
