import assert from 'node:assert/strict';
import { type Caller, withAdmin } from '../../test/support/admin-world.ts';

const at = encodeURIComponent;

async function hall(by: Caller): Promise<string> {
  const wanted = { preset: 'public_chat', name: 'Hall', topic: 'a\nb', room_alias_name: 'hall', visibility: 'public' };
  return String((await by.ok('POST', 'c/v3/createRoom', wanted)).room_id);
}

withAdmin('room ls, show and members tell what is there', async world => {
  const { copse } = world;
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  assert.equal(await copse.text('room', 'ls'), 'No room fits.');
  const room = await hall(alice);
  await bob.ok('POST', `c/v3/join/${at(room)}`, {});
  await bob.ok('POST', 'c/v3/createRoom', {});
  const list = await copse.text('room', 'ls', '--sort', 'joined_members');
  assert.match(
    list,
    /^ROOM +NAME +ADDRESS +MEMBERS +MARKS\n!\S+ +Hall +#hall:one\.example +2 \(2 here\) +listed, v\d+\n!\S+ +- +- +1 \(1 here\) +invite, v\d+$/,
  );
  assert.match(await copse.text('room', 'ls', '--sort', 'joined_members', '--reverse'), /MARKS\n\S+ +-/);
  const found = (await copse.json('room', 'ls', '--public', '--search', 'hal')) as unknown as { room_id: string }[];
  assert.deepEqual(
    found.map(one => one.room_id),
    [room],
  );
  assert.equal(await copse.text('room', 'ls', '--empty'), 'No room fits.');
  const shown = await copse.text('room', 'show', '#hall:one.example');
  assert.match(shown, /^name {10}Hall\ntopic {9}a b$/m);
  assert.match(shown, /^members {7}2, 2 of them here$/m);
  assert.match(shown, /^blocked {7}no$/m);
  assert.equal((await copse.json('room', 'show', 'hall')).extremities, 1);
  assert.equal(await copse.text('room', 'members', room), `${alice.id}\n${bob.id}`);
  await copse.fails(/`copse room ls` lists what there is/, 'room', 'show', '#nowhere');
  await copse.fails(/`copse room ls` lists what there is/, 'room', 'show', '!nowhere:one.example');
});

withAdmin('rooms are blocked, and people put into them and in charge of them', async world => {
  const { copse } = world;
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const room = await hall(alice);
  assert.equal(await copse.text('room', 'block', 'hall'), `${room} is blocked.`);
  assert.match(await copse.text('room', 'show', room), /^blocked {7}by @_server:one\.example$/m);
  await bob.refused(403, 'M_FORBIDDEN', 'POST', `c/v3/join/${at(room)}`, {});
  assert.equal(await copse.text('room', 'unblock', room), `${room} is open again.`);
  assert.equal(await copse.text('room', 'join', room, 'bob'), `${bob.id} is in ${room}.`);
  const joined = await bob.ok('GET', 'c/v3/joined_rooms');
  assert.deepEqual(joined.joined_rooms, [room]);
  await copse.text('room', 'admin', room, 'bob');
  await bob.ok('PUT', `c/v3/rooms/${at(room)}/state/m.room.name`, { name: 'Bob' });
});

withAdmin('rooms are deleted, with where to go and without', async (world, root) => {
  const { copse } = world;
  const alice = await world.user('alice');
  const room = await hall(alice);
  const said = await copse.text(
    'room',
    'rm',
    'hall',
    '--block',
    '--move-to',
    'alice',
    '--title',
    'New',
    '--message',
    'Hi',
  );
  assert.match(
    said,
    new RegExp(`^${room.replace('!', '!')} is gone: 1 users? of this server .*\\nThey are in (!\\S+) now\\.$`),
  );
  await copse.fails(/ls/, 'room', 'show', room);
  const [next = ''] = (await alice.ok('GET', 'c/v3/joined_rooms')).joined_rooms as unknown as string[];
  assert.match(await copse.text('room', 'show', next), /^name {10}New$/m);
  const { status } = await copse.json('room', 'rm', next);
  assert.equal(status, 'complete');
  assert.equal(await copse.text('room', 'ls'), 'No room fits.');
  assert.equal((await root.ok('GET', `v1/rooms/${at(room)}/block`)).block, true);
});

withAdmin('history is cleared by age', async world => {
  const { copse } = world;
  const alice = await world.user('alice');
  const room = await hall(alice);
  const send = async (n: number) =>
    String(
      (await alice.ok('PUT', `c/v3/rooms/${at(room)}/send/m.room.message/${n}`, { msgtype: 'm.text', body: `${n}` }))
        .event_id,
    );
  const first = await send(1);
  for (let n = 2; n < 5; n++) await send(n);
  await copse.fails(/--older-than wants an age such as 12h or 90d/, 'room', 'purge', room);
  await copse.fails(/--older-than wants an age/, 'room', 'purge', room, '--older-than', 'ages');
  await copse.text('room', 'purge', room, '--older-than', '0s', '--local');
  await alice.refused(404, 'M_NOT_FOUND', 'GET', `c/v3/rooms/${at(room)}/event/${at(first)}`);
});
