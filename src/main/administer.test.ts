import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PASSWORD, withAdmin } from '../../test/support/admin-world.ts';
import { loadConfig } from '../config/load.ts';
import { beginAtHeads, forgetReader } from '../rooms/log-reader.table.ts';
import { administerServer } from './administer.ts';
import { askServer } from './control.ts';
import { lockFolder } from './folder-lock.ts';

withAdmin('commands do the same to a server that does not run', async (world, root) => {
  const alice = await world.user('alice');
  const room = String((await alice.ok('POST', 'c/v3/createRoom', { room_alias_name: 'hall' })).room_id);
  await world[Symbol.asyncDispose]();
  const { copse } = world;
  assert.match(await copse.text('user', 'ls'), /^@alice:one\.example/m);
  await copse.text('user', 'lock', 'alice');
  assert.equal((await copse.json('user', 'show', 'alice')).locked, true);
  await copse.text('token', 'add', 'party');
  assert.match(await copse.text('room', 'rm', 'hall'), new RegExp(`^${room} is gone: 1 users? `));
  assert.equal(await copse.text('room', 'ls'), 'No room fits.');
  // What a closed account leaves is done before the command ends.
  const other = await copse.text('user', 'rm', 'root');
  assert.equal(other, `${root.id} is closed.`);
  assert.equal((await copse.json('user', 'show', 'root')).deactivated, true);
  await copse.fails(/`copse user ls`/, 'user', 'lock', 'nobody');
});

withAdmin('a room of which others must be told is emptied, and deleted when the server has told them', async world => {
  const alice = await world.user('alice');
  const room = String((await alice.ok('POST', 'c/v3/createRoom', { room_alias_name: 'hall' })).room_id);
  await world[Symbol.asyncDispose]();
  await world.db.tx(tx => beginAtHeads(tx, 'federation'));
  const { copse } = world;
  const text = await copse.text('room', 'rm', 'hall');
  assert.match(text, new RegExp(`^${room} is empty: 1 users? [^\n]*\nIt is deleted when the server runs`));
  assert.equal((await copse.json('room', 'show', room)).joined_local_members, 0);
  // Told now.
  await world.db.tx(tx => forgetReader(tx, 'federation'));
  for (let tries = 0; tries < 2000 && (await copse.text('room', 'ls')) !== 'No room fits.'; tries++);
  assert.equal(await copse.text('room', 'ls'), 'No room fits.');
});

withAdmin('a folder that another process has in its hands is left alone', async world => {
  await world[Symbol.asyncDispose]();
  using _ = lockFolder(world.config.data_dir);
  await world.copse.fails(/already running|in use/, 'user', 'ls');
});

withAdmin('the control socket takes a bad request, a large body and a server that stops', async world => {
  const folder = world.config.data_dir;
  const headers = { authorization: 'Bearer x', 'content-type': 'application/json' };
  const nowhere = await askServer(folder, { path: '/_matrix/client/v3/login', headers });
  assert.equal(nowhere?.status, 404);
  const large = await askServer(folder, {
    method: 'PUT',
    path: '/_synapse/admin/v2/users/@a:one.example',
    headers,
    body: JSON.stringify({ displayname: 'a'.repeat(3_000_000) }),
  });
  assert.equal(large?.status, 413);
  const made = await askServer(folder, {
    method: 'PUT',
    path: '/_synapse/admin/v2/users/@a:one.example',
    headers,
    body: JSON.stringify({ password: PASSWORD }),
  });
  assert.equal(made?.status, 201);
  await world[Symbol.asyncDispose]();
  assert.equal(await askServer(folder, { path: '/status' }), undefined);
});

test('without data there is nothing to administer, and the message says where to look', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'copse-none-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const from = { config: undefined, data: undefined, noColor: true };
  const config = loadConfig({ data: join(folder, 'data'), name: 'one.example' }, from);
  await assert.rejects(
    administerServer(config, async () => 0),
    /There is no server's data in .*--data/,
  );
});
