import assert from 'node:assert/strict';
import { withAdmin } from '../../test/support/admin-world.ts';

const at = encodeURIComponent;

withAdmin('what users reported is listed, shown and taken away', async world => {
  const { copse } = world;
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  assert.equal(await copse.text('report', 'ls'), 'Nobody has reported anything.');
  const room = String((await alice.ok('POST', 'c/v3/createRoom', { preset: 'public_chat' })).room_id);
  await bob.ok('POST', `c/v3/join/${at(room)}`, {});
  const body = { msgtype: 'm.text', body: 'rude' };
  const event = String((await bob.ok('PUT', `c/v3/rooms/${at(room)}/send/m.room.message/1`, body)).event_id);
  await alice.ok('POST', `c/v3/rooms/${at(room)}/report/${at(event)}`, { reason: 'insult' });
  await alice.ok('POST', `c/v3/users/${bob.id}/report`, { reason: 'pest' });
  await alice.ok('POST', `c/v3/rooms/${at(room)}/report`, { reason: 'noise' });
  const list = await copse.text('report', 'ls');
  assert.match(list, /^REPORT +WHEN +BY +ABOUT +REASON$/m);
  assert.match(list, /^event\/\d+ +20.* +@alice:one\.example +@bob:one\.example +insult$/m);
  assert.match(list, /^user\/\d+ +20.* +@alice:one\.example +@bob:one\.example +pest$/m);
  assert.match(list, /^room\/\d+ +20.* +@alice:one\.example +!\S+ +noise$/m);
  const [id = ''] = /event\/\d+/.exec(list) ?? [];
  const shown = await copse.text('report', 'show', id);
  assert.match(shown, /^reason +insult$/m);
  assert.match(shown, /^content +\{.*"body":"rude".*\}$/m);
  assert.match(await copse.text('report', 'rm', id), / is gone\.$/);
  await copse.fails(/`copse report ls`/, 'report', 'show', id);
  await copse.fails(/write one such as event\/12/, 'report', 'show', '7');
});
