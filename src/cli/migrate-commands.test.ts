import assert from 'node:assert/strict';
import { withAdmin } from '../../test/support/admin-world.ts';

withAdmin('what cannot be moved is refused in words', async ({ copse, db }) => {
  const name = db.dialect === 'sqlite' ? 'SQLite' : 'PostgreSQL';
  assert.equal(await copse.text('migrate', 'status'), `database  ${name}`);
  assert.equal((await copse.json('migrate', 'status')).isUnconfirmed, false as unknown);
  await copse.fails(/no way back/, 'migrate', 'back');
  await copse.fails(/Nothing waits to be confirmed/, 'migrate', 'confirm');
  await copse.fails(/Write a URL such as postgres:/, 'migrate', 'postgres', 'mysql://127.0.0.1/copse');
});
