import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { FederatedWorld, federatedServer } from '../../../test/support/federated-server.ts';
import { Type } from '../../base/schema.ts';
import type { ServerName } from '../../core/ids.ts';
import { endpoint } from '../../http/endpoint.ts';
import { path } from '../transport/request-target.ts';

const echo = endpoint({
  method: 'PUT',
  path: '/_matrix/federation/v1/echo/:text',
  auth: 'server',
  body: Type.Object({ n: Type.Number() }, { additionalProperties: true }),
  handle: async ({ origin, params, query, body }) => ({ origin, text: params.text, v: query.all('v'), n: body.n }),
});

onEachDatabase(
  'two servers talk: found, over TLS, signed, the key fetched by the way, and both ways',
  async (db, t) => {
    const world = new FederatedWorld();
    const one = await federatedServer(t, world, { name: 'one.example', db, endpoints: [echo] });
    const two = await federatedServer(t, world, { name: 'two.example', db, endpoints: [echo] });
    const say = (from: typeof one, to: typeof one, text: string, body = { n: 1 }) =>
      from.client.request(to.name, {
        method: 'PUT',
        path: path`/_matrix/federation/v1/echo/${text}`,
        query: { v: ['a b', 'ü'] },
        body,
      });
    for (const text of ['plain', '!room/with:odd%things', '$ü+ ?#', '{"a":1}']) {
      assert.deepEqual(await say(one, two, text), { origin: 'one.example', text, v: ['a b', 'ü'], n: 1 });
    }
    assert.deepEqual(await say(two, one, 'back', { n: 2 }), {
      origin: 'two.example',
      text: 'back',
      v: ['a b', 'ü'],
      n: 2,
    });
    await assert.rejects(say(one, two, 'x', { m: 1 } as never), { status: 400, errcode: 'M_MISSING_PARAM' });
    const unsigned = { method: 'PUT', path: '/_matrix/federation/v1/echo/x', body: { n: 1 }, unsigned: true } as const;
    await assert.rejects(one.client.request(two.name, unsigned), { status: 401, errcode: 'M_UNAUTHORIZED' });
    // Whoever takes over a name cannot speak for it: its key ID is known with another key.
    const thief = await federatedServer(t, world, { name: 'one.example', db });
    await assert.rejects(say(thief, two, 'x'), { status: 401 });
  },
);

onEachDatabase('a notary answers for itself and for others, with both signatures', async (db, t) => {
  const world = new FederatedWorld();
  const one = await federatedServer(t, world, { name: 'one.example', db });
  const notary = await federatedServer(t, world, { name: 'notary.example', db });
  const body = { server_keys: { 'one.example': {}, 'notary.example': {}, 'gone.example': {} } };
  const answer = await one.client.request(notary.name as ServerName, {
    method: 'POST',
    path: '/_matrix/key/v2/query',
    body,
  });
  const names = (answer as { server_keys: { server_name: string; signatures: object }[] }).server_keys;
  assert.deepEqual(names.map(each => each.server_name).sort(), ['notary.example', 'one.example']);
  const ofOne = names.find(each => each.server_name === 'one.example');
  assert.deepEqual(Object.keys(ofOne?.signatures ?? {}).sort(), ['notary.example', 'one.example']);
});
