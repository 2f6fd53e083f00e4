import assert from 'node:assert/strict';
import { PASSWORD, withAdmin } from '../../test/support/admin-world.ts';
import { NEW_PASSWORD } from '../../test/support/command-line.ts';

const at = encodeURIComponent;

withAdmin('user ls and user show tell who is there', async (world, root) => {
  const { copse } = world;
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  await alice.ok('PUT', `c/v3/profile/${alice.id}/displayname`, { displayname: 'Alice \u202eX' });
  await root.ok('PUT', `v2/users/${bob.id}`, { locked: true });
  const lines = (await copse.text('user', 'ls')).split('\n');
  assert.match(lines[0] ?? '', /^NAME {16}DISPLAY NAME {2}MARKS {2}MADE {14}LAST SEEN$/);
  // What turns writing around is not printed.
  assert.match(lines[1] ?? '', /^@alice:one\.example {2}Alice {2}X {6}- {6}20\d\d-/);
  assert.match(lines[2] ?? '', /^@root:one\.example {3}\S+ +admin {2}20\d\d-/);
  assert.equal(lines.length, 3);
  const names = async (...words: string[]) =>
    ((await copse.json('user', 'ls', ...words)) as unknown as { name: string }[]).map(user => user.name);
  assert.deepEqual(await names('--locked'), [bob.id]);
  assert.deepEqual(await names('--admins'), [root.id]);
  assert.deepEqual(await names('--search', 'ALI'), [alice.id]);
  assert.deepEqual(await names('--all', '--sort', 'creation_ts'), [root.id, alice.id, bob.id]);
  assert.equal(await copse.text('user', 'ls', '--search', 'zzz'), 'No account fits.');
  await copse.fails(/^copse: .*order_by/, 'user', 'ls', '--sort', 'size');
  await alice.ok('POST', 'c/v3/createRoom', {});
  const shown = await copse.text('user', 'show', 'alice');
  assert.match(shown, /^name {10}@alice:one\.example\ndisplay name {2}Alice/);
  assert.match(shown, /^rooms {9}1\ndevices {7}1\nfiles {9}0$/m);
  const { name, rooms } = await copse.json('user', 'show', '@alice:one.example');
  assert.deepEqual([name, rooms], [alice.id, 1]);
  await copse.fails(/^copse: .*`copse user ls` lists what there is\.$/, 'user', 'show', 'nobody');
});

withAdmin('accounts are locked, suspended, promoted and closed', async (world, root) => {
  const { copse } = world;
  const alice = await world.user('alice');
  assert.equal(await copse.text('user', 'lock', 'alice'), '@alice:one.example is locked.');
  await alice.refused(401, 'M_USER_LOCKED', 'GET', 'c/v3/sync');
  await copse.text('user', 'unlock', 'alice');
  await alice.ok('GET', 'c/v3/account/whoami');
  await copse.text('user', 'suspend', 'alice');
  await alice.refused(403, 'M_USER_SUSPENDED', 'POST', 'c/v3/createRoom', {});
  assert.equal((await copse.json('user', 'show', 'alice')).suspended, true);
  await copse.text('user', 'unsuspend', 'alice');
  const room = String((await alice.ok('POST', 'c/v3/createRoom', { name: 'Hall' })).room_id);
  assert.match(await copse.text('user', 'admin', 'alice'), /is a server administrator\.$/);
  await alice.ok('GET', 'v2/users');
  await copse.text('user', 'admin', 'alice', '--revoke');
  await alice.refused(403, 'M_FORBIDDEN', 'GET', 'v2/users');
  const list = await copse.text('user', 'rooms', 'alice');
  assert.equal(list.split('\n').at(-1), `${room}  join        Hall`);
  assert.equal(await copse.text('user', 'rooms', 'root'), 'The account is in no room.');
  assert.equal(await copse.text('user', 'rm', 'alice', '--erase'), '@alice:one.example is closed.');
  await alice.refused(401, 'M_UNKNOWN_TOKEN', 'GET', 'c/v3/account/whoami');
  assert.equal((await root.ok('GET', `v2/users/${alice.id}`)).erased, true);
  const closed = (await copse.json('user', 'ls', '--closed')) as unknown as { name: string }[];
  assert.deepEqual(
    closed.map(user => user.name),
    [alice.id],
  );
  // The operator is nobody's account, so the last administrator can be closed too.
  await copse.text('user', 'rm', 'root');
  await copse.fails(/lists what there is/, 'user', 'lock', 'nobody');
});

withAdmin('passwords are set and sessions ended', async world => {
  const { copse } = world;
  const alice = await world.user('alice');
  await copse.text('user', 'passwd', 'alice', '--keep-sessions');
  await alice.ok('GET', 'c/v3/account/whoami');
  assert.equal(await copse.text('user', 'passwd', 'alice'), '@alice:one.example has a new password.');
  await alice.refused(401, 'M_UNKNOWN_TOKEN', 'GET', 'c/v3/account/whoami');
  assert.match(await copse.text('user', 'passwd', 'alice', '--random'), /password: made up by chance$/);
  await world.logIn('alice', 'made up by chance');
  await copse.text('user', 'passwd', 'alice', '--password-stdin');
  const [first, second] = [await world.logIn('alice', NEW_PASSWORD), await world.logIn('alice', NEW_PASSWORD)];
  const id = String((await first.ok('GET', 'c/v3/account/whoami')).device_id);
  assert.match(await copse.text('user', 'devices', 'alice'), new RegExp(`^${id} `, 'm'));
  assert.match(await copse.text('user', 'logout', 'alice', '--device', id), /: 1 device is logged out\.$/);
  await first.refused(401, 'M_UNKNOWN_TOKEN', 'GET', 'c/v3/account/whoami');
  await second.ok('GET', 'c/v3/account/whoami');
  await copse.text('user', 'logout', 'alice');
  await second.refused(401, 'M_UNKNOWN_TOKEN', 'GET', 'c/v3/account/whoami');
  assert.equal(await copse.text('user', 'devices', 'alice'), 'The account has no devices.');
  await copse.fails(/`copse user ls`/, 'user', 'passwd', 'nobody');
  await copse.fails(/`copse user devices alice`/, 'user', 'logout', 'alice', '--device', 'NONE');
});

withAdmin('who waits for approval is shown, let in or refused', async (world, root) => {
  const { copse } = world;
  for (const name of ['alice', 'spam'])
    await root.ok('PUT', `v2/users/@${name}:one.example`, { password: PASSWORD, approved: false });
  const list = await copse.text('user', 'ls', '--pending');
  assert.match(list, /^NAME {16}ASKED {13}REASON\n@alice:one\.example {2}20.* {2}-\n@spam:one\.example {3}20.* {2}-$/);
  assert.equal(await copse.text('user', 'approve', 'alice'), '@alice:one.example can log in now.');
  await world.logIn('alice');
  assert.match(await copse.text('user', 'refuse', 'spam'), /^@spam:one\.example is refused\./);
  assert.equal(await copse.text('user', 'ls', '--pending'), 'Nobody waits for approval.');
  await copse.fails(/^copse: /, 'user', 'refuse', 'alice');
});

withAdmin('users are told something, and what they said is redacted', async world => {
  const { copse } = world;
  const alice = await world.user('alice');
  const room = String((await alice.ok('POST', 'c/v3/createRoom', { preset: 'public_chat' })).room_id);
  const body = { msgtype: 'm.text', body: 'rude' };
  const event = String((await alice.ok('PUT', `c/v3/rooms/${at(room)}/send/m.room.message/1`, body)).event_id);
  assert.equal(await copse.text('user', 'notice', 'alice', 'Be kind.'), '@alice:one.example is told.');
  const invited = await alice.ok('GET', 'c/v3/sync');
  assert.equal(Object.keys(invited.rooms?.invite ?? {}).length, 1);
  const said = await copse.text('user', 'redact', 'alice', '--room', room, '--reason', 'rude', '--limit', '10');
  assert.match(said, /^What @alice:one\.example said is redacted\./);
  const gone = await alice.ok('GET', `c/v3/rooms/${at(room)}/event/${at(event)}`);
  assert.deepEqual(gone.content, {});
  assert.match(await copse.text('task', 'ls'), /^TASK +ACTION +STATUS.*\n.*redact.* complete /);
  await copse.fails(/no whole number/, 'user', 'redact', 'alice', '--limit', 'all');
});
