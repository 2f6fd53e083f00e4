import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from './random.ts';
import { hideText, revealText } from './secret-text.ts';

const SECRET = new Uint8Array(32).fill(7);

test('a hidden text is read by whoever has the secret, for its purpose, and as it was', () => {
  const hidden = hideText('keys', 'a private key', SECRET, systemRandom);
  assert.ok(!Buffer.from(hidden, 'base64url').toString('latin1').includes('private'));
  assert.notEqual(hideText('keys', 'a private key', SECRET, systemRandom), hidden);
  assert.equal(revealText('keys', hidden, SECRET), 'a private key');
  assert.equal(revealText('other', hidden, SECRET), undefined);
  assert.equal(revealText('keys', hidden, new Uint8Array(32).fill(8)), undefined);
  const [first = ''] = hidden;
  for (const wrong of ['', 'AAAA', hidden.slice(0, -4), `${first === 'A' ? 'B' : 'A'}${hidden.slice(1)}`])
    assert.equal(revealText('keys', wrong, SECRET), undefined, wrong);
});
