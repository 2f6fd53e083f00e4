import assert from 'node:assert/strict';
import { withAdmin } from '../../test/support/admin-world.ts';

withAdmin('registration tokens are made, listed, shown and deleted', async ({ copse }) => {
  assert.equal(await copse.text('token', 'ls'), 'There are no tokens.');
  assert.equal(await copse.text('token', 'add', 'party', '--uses', '3'), 'party');
  const made = await copse.json('token', 'add', '--expires-in', '7d');
  assert.match(String(made.token), /^[A-Za-z0-9._~-]{16}$/);
  assert.ok(Math.abs(Number(made.expiry_time) - Date.now() - 7 * 86_400_000) < 60_000);
  const list = await copse.text('token', 'ls', '--valid');
  assert.match(list, /^party +0 of 3 +-$/m);
  assert.match(list, /^\S{16} +0 of any number +20\d\d-\d\d-\d\d \d\d:\d\d$/m);
  assert.equal(await copse.text('token', 'show', 'party'), 'token    party\nused     0 of 3\nexpires  -');
  await copse.fails(/^copse: /, 'token', 'add', 'party');
  assert.equal(await copse.text('token', 'rm', 'party'), 'The token party is gone.');
  await copse.fails(/`copse token ls` lists what there is/, 'token', 'show', 'party');
  await copse.fails(/no whole number/, 'token', 'add', '--uses', '-1');
});
