import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, WholeServer } from '../../test/support/whole-server.ts';
import type { JsonObject } from '../core/json.ts';

async function roomRules(client: Client): Promise<unknown[]> {
  const { global } = (await client.ok('GET', '/v3/pushrules/')) as { global: { room: JsonObject[] } };
  return global.room.map(rule => rule.rule_id);
}

async function settle(client: Client, room: string): Promise<void> {
  await client.ok('PUT', `/v3/pushrules/global/room/${room}`, { actions: ['dont_notify'] });
  await client.ok('PUT', `/v3/user/${client.id}/rooms/${room}/tags/m.favourite`, { order: 0.5 });
  await client.ok('PUT', `/v3/user/${client.id}/account_data/m.direct`, { '@x:one.example': [room], '@y:z': ['!o:z'] });
}

test('who follows into the new room finds push rule, tags and direct chat there', async t => {
  const server = await new WholeServer(t).start();
  const [alice, bob] = [await server.user('alice'), await server.user('bob')];
  const room = String(
    (await alice.ok('POST', '/v3/createRoom', { preset: 'public_chat', room_version: '10' })).room_id,
  );
  await bob.ok('POST', `/v3/join/${room}`);
  for (const client of [alice, bob]) await settle(client, room);
  const answer = await alice.ok('POST', `/v3/rooms/${room}/upgrade`, { new_version: '11' });
  const next = String(answer.replacement_room);
  assert.deepEqual(await roomRules(bob), [room]);
  await bob.ok('POST', `/v3/join/${next}`);
  for (const client of [alice, bob]) {
    assert.deepEqual(new Set(await roomRules(client)), new Set([room, next]));
    const tags = await client.ok('GET', `/v3/user/${client.id}/rooms/${next}/tags`);
    assert.deepEqual(tags, { tags: { 'm.favourite': { order: 0.5 } } });
    const direct = await client.ok('GET', `/v3/user/${client.id}/account_data/m.direct`);
    assert.deepEqual(direct, { '@x:one.example': [room, next], '@y:z': ['!o:z'] });
  }
});

test('N164 a stranger who claims that a room is the successor of another gets nothing', async t => {
  const server = await new WholeServer(t).start();
  const [alice, mallory] = [await server.user('alice'), await server.user('mallory')];
  const room = String((await alice.ok('POST', '/v3/createRoom', { preset: 'public_chat' })).room_id);
  await mallory.ok('POST', `/v3/join/${room}`);
  await settle(alice, room);
  const claim = { preset: 'public_chat', creation_content: { predecessor: { room_id: room } } };
  const trap = String((await mallory.ok('POST', '/v3/createRoom', claim)).room_id);
  await alice.ok('POST', `/v3/join/${trap}`);
  assert.deepEqual(await roomRules(alice), [room]);
});
