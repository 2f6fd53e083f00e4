import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../base/random.ts';
import { newUserCode, shownUserCode, typedUserCode } from './user-code.ts';

test('a code is read however it is typed', () => {
  for (const text of ['WDJB-MJHT', 'wdjbmjht', ' wdjb mjht ', 'W D J B M J H T'])
    assert.equal(typedUserCode(text), 'WDJBMJHT');
  for (const text of ['', 'WDJB-MJH', 'WDJB-MJHTT', '12345678', `${' '.repeat(40)}WDJBMJHT`])
    assert.equal(typedUserCode(text), undefined, text);
  const code = newUserCode(systemRandom);
  assert.match(code, /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/);
  assert.equal(typedUserCode(shownUserCode(code)), code);
});

test('letters that would come too often are drawn again', () => {
  const draws = [
    [255, 240, 0, 20, 239, 1, 2, 3],
    [4, 5, 6, 7, 8, 9, 10, 11],
  ].map(bytes => Uint8Array.from(bytes));
  assert.equal(newUserCode({ bytes: () => draws.shift() ?? assert.fail() }), 'BBZCDFGH');
});
