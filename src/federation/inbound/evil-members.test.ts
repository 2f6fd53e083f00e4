import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../test/clients/eventually.ts';
import { ScriptedResident } from '../../../test/support/scripted-resident.ts';
import { ServerWorld } from '../../../test/support/server-world.ts';
import { getObject, type JsonObject } from '../../core/json.ts';

const enc = encodeURIComponent;

test('N059 members with names that are none or endless keep nobody from syncing, searching and being notified', async t => {
  const world = new ServerWorld();
  const server = await world.server(t, 'one.example');
  const evil = await ScriptedResident.start(t, world, 'evil.example');
  const [alice, bob] = [await server.user('alice'), await server.user('bob')];
  const { room, owner } = evil;
  for (const user of [alice, bob]) await user.ok('POST', `/v3/join/${enc(room.roomId)}?via=evil.example`);
  const before = await alice.ok('GET', '/v3/sync');
  const odd: JsonObject[] = [
    { displayname: 5, avatar_url: { mxc: true } },
    { displayname: ['x'], avatar_url: null },
    { displayname: 'x'.repeat(60_000), avatar_url: 'y'.repeat(1000) },
  ];
  for (const [at, content] of odd.entries()) {
    const member = room.member(owner, 'join', owner, content);
    const says = { msgtype: 'm.text', body: `alice ${at}`, 'm.mentions': { user_ids: [alice.id] } };
    const message = room.send({ type: 'm.room.message', sender: owner, content: says });
    const { status } = await evil.transaction(server, 'one.example', [
      evil.signed.signed(member),
      evil.signed.signed(message),
    ]);
    assert.equal(status, 200);
    await eventually(async () => {
      const { chunk } = await alice.ok('GET', `/v3/rooms/${enc(room.roomId)}/messages?dir=b&limit=1`);
      const [newest = {}] = chunk as JsonObject[];
      assert.equal(getObject(newest, 'content')?.body, `alice ${at}`);
    });
    const { joined } = await bob.ok('GET', `/v3/rooms/${enc(room.roomId)}/joined_members`);
    const shown = getObject(joined as JsonObject, owner) ?? {};
    for (const key of ['display_name', 'avatar_url'])
      assert.ok(shown[key] === undefined || shown[key] === null || typeof shown[key] === 'string', `${key} ${at}`);
    await bob.ok('POST', '/v3/user_directory/search', { search_term: 'owner' });
  }
  const { rooms } = await alice.ok('GET', `/v3/sync?since=${String(before.next_batch)}`);
  const joined = getObject(getObject(rooms as JsonObject, 'join') ?? {}, room.roomId) ?? {};
  assert.equal(getObject(joined, 'unread_notifications')?.highlight_count, odd.length);
  const state = (await alice.ok(
    'GET',
    `/v3/rooms/${enc(room.roomId)}/state/m.room.member/${enc(owner)}`,
  )) as JsonObject;
  assert.equal(String(state.displayname).length, 60_000, 'the event itself stays as it is');
});
