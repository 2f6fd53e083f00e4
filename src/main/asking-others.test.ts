import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerWorld } from '../../test/support/server-world.ts';
import type { Client, WholeServer } from '../../test/support/whole-server.ts';
import type { JsonObject } from '../core/json.ts';

const idsIn = (list: unknown) => (list as JsonObject[]).map(each => each.room_id);

/** A file, with the name that it was uploaded under. */
async function download(server: WholeServer, { token }: { readonly token: string }, uri: string) {
  const [, , origin, mediaId] = uri.split('/');
  const url = `${server.url}/_matrix/client/v1/media/download/${origin}/${mediaId}`;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return [answer.status, await answer.text(), answer.headers.get('content-disposition')];
}

async function withToken(server: WholeServer, username: string): Promise<{ readonly token: string }> {
  const body = {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: username },
    password: 'a long password',
  };
  return { token: String((await server.call('POST', '/v3/login', '', body)).body.access_token) };
}

async function space(alice: Client): Promise<{ readonly root: string; readonly child: string }> {
  const make = async (body: JsonObject) => String((await alice.ok('POST', '/v3/createRoom', body)).room_id);
  const child = await make({ preset: 'public_chat', name: 'Child' });
  const more = { visibility: 'public', room_alias_name: 'root', creation_content: { type: 'm.space' } };
  const root = await make({ preset: 'public_chat', name: 'Root', ...more });
  const via = { via: ['one.example'] };
  await alice.ok('PUT', `/v3/rooms/${root}/state/m.space.child/${encodeURIComponent(child)}`, via);
  return { root, child };
}

test('users of one server see what another one tells: rooms, spaces, profiles and files', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  const { root, child } = await space(alice);
  await alice.ok('PUT', `/v3/profile/${alice.id}/displayname`, { displayname: 'Alice' });
  await alice.ok('PUT', `/v3/profile/${alice.id}/org.example.x`, { 'org.example.x': [1] });

  const found = await bob.ok('GET', '/v3/directory/room/%23root%3Aone.example');
  assert.deepEqual(found, { room_id: root, servers: ['one.example'] });
  assert.deepEqual(idsIn((await bob.ok('GET', '/v3/publicRooms?server=one.example')).chunk), [root]);
  const filter = { filter: { generic_search_term: 'root', room_types: ['m.space'] } };
  assert.deepEqual(idsIn((await bob.ok('POST', '/v3/publicRooms?server=one.example', filter)).chunk), [root]);
  const summary = await bob.ok('GET', `/v1/room_summary/${root}?via=one.example`);
  assert.deepEqual([summary.name, summary.membership], ['Root', 'leave']);
  assert.deepEqual(await bob.ok('GET', `/v3/profile/${alice.id}`), { displayname: 'Alice', 'org.example.x': [1] });
  assert.deepEqual(await bob.ok('GET', `/v3/profile/${alice.id}/org.example.x`), { 'org.example.x': [1] });
  for (const path of ['/v3/profile/@none:one.example', `/v3/profile/${alice.id}/org.example.y`])
    assert.equal((await bob.call('GET', path)).body.errcode, 'M_NOT_FOUND', path);

  const own = String((await bob.ok('POST', '/v3/createRoom', { creation_content: { type: 'm.space' } })).room_id);
  await bob.ok('PUT', `/v3/rooms/${own}/state/m.space.child/${encodeURIComponent(root)}`, { via: ['one.example'] });
  assert.deepEqual(idsIn((await bob.ok('GET', `/v1/rooms/${own}/hierarchy`)).rooms), [own, root, child]);
  assert.equal(world.carried.filter(({ uri }) => uri.includes('/hierarchy/')).length, 1, 'one question for all of it');

  const uploader = await withToken(one, 'alice');
  const uploaded = await fetch(`${one.url}/_matrix/media/v3/upload?filename=a.txt`, {
    method: 'POST',
    headers: { authorization: `Bearer ${uploader.token}`, 'content-type': 'text/plain' },
    body: 'the file',
  });
  const { content_uri: uri } = (await uploaded.json()) as { content_uri: string };
  const reader = await withToken(two, 'bob');
  for (let at = 0; at < 2; at++)
    assert.deepEqual(await download(two, reader, uri), [200, 'the file', 'inline; filename="a.txt"']);
  assert.equal(world.carried.filter(({ uri: each }) => each.includes('/media/download/')).length, 1, 'it is kept');

  world.down.add('one.example');
  for (const path of ['/v3/directory/room/%23other%3Aone.example', '/v3/profile/@carol:one.example'])
    assert.equal((await bob.call('GET', path)).status, 502, path);
  assert.equal((await download(two, reader, 'mxc://one.example/other'))[0], 502);
  assert.equal((await bob.ok('GET', `/v3/profile/${alice.id}`)).displayname, 'Alice', 'what was told is remembered');
});
