import assert from 'node:assert/strict';
import { withAdmin } from '../../test/support/admin-world.ts';

const at = encodeURIComponent;

withAdmin('media are listed, shown, withheld and deleted', async world => {
  const { copse } = world;
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const picture = await world.upload(alice, 'picture', 'a\u001b[2Jb.txt');
  const other = await world.upload(alice, 'other', 'other.txt');
  const kept = await world.upload(bob, 'kept', 'kept.txt');
  assert.match(
    await copse.text('media', 'ls'),
    /^USER +DISPLAY NAME +FILES +SIZE\n@alice:one\.example +\S+ +2 +12 B\n@bob:one\.example +\S+ +1 +4 B$/,
  );
  const list = await copse.text('media', 'ls', '--user', 'alice');
  // A terminal is told nothing by what others have named.
  assert.ok(!list.includes('\u001b'));
  assert.match(list, new RegExp(`^${picture} +7 B +text/plain .* - +a \\[2Jb\\.txt$`, 'm'));
  assert.equal(await copse.text('media', 'ls', '--user', 'root'), 'The user has uploaded nothing.');
  const room = String((await alice.ok('POST', 'c/v3/createRoom', {})).room_id);
  assert.equal(await copse.text('media', 'ls', '--room', room), 'There are no files in the room.');
  const uri = `mxc://one.example/${picture}`;
  const content = { msgtype: 'm.file', body: 'a', url: uri };
  await alice.ok('PUT', `c/v3/rooms/${at(room)}/send/m.room.message/1`, content);
  assert.match(await copse.text('media', 'ls', '--room', room), new RegExp(picture));
  assert.match(await copse.text('media', 'quarantine', picture), /is withheld\.$/);
  assert.equal(await world.download(bob, picture), 404);
  assert.match(await copse.text('media', 'show', uri), /^marks {8}withheld\nwithheld by {2}@_server:one\.example$/m);
  await copse.text('media', 'release', uri);
  assert.equal(await world.download(bob, picture), 200);
  assert.equal(await copse.text('media', 'quarantine', '--room', room), '1 files are withheld.');
  await copse.text('media', 'protect', kept);
  assert.equal(await copse.text('media', 'quarantine', '--user', 'bob'), '0 files are withheld.');
  assert.match(await copse.text('media', 'show', kept), /^marks {8}protected$/m);
  await copse.text('media', 'unprotect', kept);
  assert.equal(await copse.text('media', 'rm', other), '1 file is deleted.');
  assert.equal(await world.download(bob, other), 404);
  assert.equal(await copse.text('media', 'rm', '--user', 'alice'), '1 file is deleted.');
  assert.equal((await copse.json('media', 'ls', '--user', 'alice')).length, 0);
  await copse.fails(/`copse media ls`/, 'media', 'show', other);
  await copse.fails(/Name a file, or a user/, 'media', 'rm');
  await copse.fails(/Name a file, or a user/, 'media', 'quarantine', kept, '--user', 'bob');
  await copse.fails(/is no file: write mxc/, 'media', 'show', 'http://evil');
});

withAdmin('media are purged by age and size', async world => {
  const { copse } = world;
  const bob = await world.user('bob');
  const [small, large] = [await world.upload(bob, 'a', 's.txt'), await world.upload(bob, 'a'.repeat(2000), 'l.txt')];
  assert.equal(await copse.text('media', 'purge', '--older-than', '0s'), '0 files are deleted.');
  assert.equal(await copse.text('media', 'purge', '--local', '--older-than', '1d'), '0 files are deleted.');
  await copse.fails(/is no size/, 'media', 'purge', '--local', '--older-than', '0s', '--larger-than', 'big');
  await copse.fails(/--older-than wants an age/, 'media', 'purge', '--local');
  const purged = await copse.json('media', 'purge', '--local', '--older-than', '0s', '--larger-than', '1K');
  assert.deepEqual(purged.deleted_media, [large]);
  assert.equal(await world.download(bob, small), 200);
});
