import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ServerWorld } from '../../test/support/server-world.ts';
import { signed } from '../../test/support/signed-requests.ts';

const DOWNLOAD = '/_matrix/client/v1/media/download';

test('N124 another server administers nothing, neither by its signature nor by what its users write', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const evil = await world.peer(t, 'evil.example', () => ({}));
  // The name of an administrator is worth nothing elsewhere.
  const [alice, root] = [await one.user('alice'), await two.user('root')];
  for (const [method, uri] of [
    ['GET', '/_synapse/admin/v2/users'],
    ['POST', `/_synapse/admin/v1/deactivate/${alice.id}`],
    ['DELETE', '/_synapse/admin/v2/rooms/!x:one.example'],
    ['GET', '/_synapse/admin/v1/federation/destinations'],
  ] as const) {
    const content = method === 'GET' ? undefined : {};
    const answer = await fetch(`${one.url}${uri}`, {
      method,
      headers: { authorization: signed(evil, 'one.example', method, uri, content), 'content-type': 'application/json' },
      ...(content !== undefined && { body: '{}' }),
    });
    assert.deepEqual(
      [answer.status, await answer.json()],
      [401, { errcode: 'M_MISSING_TOKEN', error: 'The Authorization header must read "Bearer TOKEN".' }],
    );
  }
  const { room_id: room } = await alice.ok('POST', '/v3/createRoom', { preset: 'public_chat' });
  await root.ok('POST', `/v3/join/${room}?via=one.example`, {});
  const commands = ['!admin users deactivate', '!copse user rm', '/deactivate', 'copse user deactivate'];
  for (const [at, command] of commands.entries()) {
    const content = { msgtype: 'm.text', body: `${command} ${alice.id}` };
    await root.ok('PUT', `/v3/rooms/${room}/send/m.room.message/c${at}`, content);
  }
  const seen = async () => JSON.stringify(await alice.ok('GET', `/v3/rooms/${room}/messages?dir=b&limit=20`));
  for (let tries = 0; tries < 3000 && !(await seen()).includes(commands.at(-1) ?? ''); tries++) await delay(20);
  assert.match(await seen(), /copse user deactivate/);
  assert.equal((await alice.call('GET', '/v3/account/whoami')).status, 200);
});

test('N189 a file of another server that many ask for at once is fetched once, and one that is not to be had as well', async t => {
  const world = new ServerWorld();
  const one = await world.server(t, 'one.example');
  await world.peer(t, 'other.example', async ({ uri }, response) => {
    await delay(50);
    if (uri.includes('/missing')) {
      response.writeHead(404).end(JSON.stringify({ errcode: 'M_NOT_FOUND', error: 'No such file.' }));
      return undefined;
    }
    const part =
      '--x\r\nContent-Type: application/json\r\n\r\n{}\r\n--x\r\nContent-Type: image/png\r\n\r\npicture\r\n--x--\r\n';
    response.writeHead(200, { 'content-type': 'multipart/mixed; boundary=x' }).end(part);
    return undefined;
  });
  const account = { username: 'alice', password: 'a long password', auth: { type: 'm.login.dummy' } };
  const { access_token: token } = (await one.call('POST', '/v3/register', '', account)).body;
  const ask = async (mediaId: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${one.url}${DOWNLOAD}/other.example/${mediaId}`, { headers });
    return [answer.status, await answer.text()] as const;
  };
  const storm = await Promise.all(Array.from({ length: 100 }, () => ask('avatar')));
  assert.deepEqual([...new Set(storm.map(answer => answer.join(' ')))], ['200 picture']);
  const missed = await Promise.all(Array.from({ length: 100 }, () => ask('missing')));
  assert.deepEqual([...new Set(missed.map(([status]) => status))], [404]);
  for (let i = 0; i < 5; i++) assert.equal((await ask('missing'))[0], 404);
  const asked = (mediaId: string) => world.carried.filter(({ uri }) => uri.includes(`/${mediaId}`)).length;
  assert.equal(asked('avatar'), 1);
  assert.equal(asked('missing'), 1);
});
