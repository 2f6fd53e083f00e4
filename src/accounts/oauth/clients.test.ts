import assert from 'node:assert/strict';
import { TestClock } from '../../../test/support/accounts.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { METADATA, withOAuth } from '../../../test/support/oauth.ts';
import { countClients } from './client.table.ts';
import { Clients } from './clients.ts';
import { OAuthError } from './oauth-error.ts';

const DAY_MS = 86_400_000;
const named = (name: string) => ({ ...METADATA, client_name: name });

onEachDatabase('clients that say the same are one', async db => {
  const clients = new Clients({ db, clock: new TestClock() });
  const [one, again, other] = [
    await clients.register(named('A')),
    await clients.register({ ...named('A'), software_version: '2' }),
    await clients.register(named('B')),
  ];
  assert.equal(again.id, one.id);
  assert.notEqual(other.id, one.id);
  assert.equal(await countClients(db), 2);
  assert.deepEqual((await clients.find(one.id))?.metadata, one.metadata);
  assert.equal(await clients.find('x'.repeat(65)), undefined);
});

onEachDatabase('when there are too many, those go that nobody has used for longest', async db => {
  const clock = new TestClock();
  const clients = new Clients({ db, clock, most: 60 });
  const ids = [];
  for (let index = 0; index < 60; index++) {
    ids.push((await clients.register(named(String(index)))).id);
    clock.advance(1000);
  }
  await assert.rejects(clients.register(named('too soon')), (error: unknown) => {
    return error instanceof OAuthError && error.code === 'temporarily_unavailable' && error.status === 503;
  });
  clock.advance(2 * 60 * 60_000);
  await clients.find(ids[0] ?? '');
  await clients.register(named('new'));
  assert.ok((await clients.find(ids[0] ?? '')) !== undefined, 'it was used just now');
  assert.equal(await clients.find(ids[1] ?? ''), undefined);
  assert.equal(await clients.find(ids[50] ?? ''), undefined);
  assert.ok((await clients.find(ids[51] ?? '')) !== undefined);
  assert.equal(await countClients(db), 11);
});

withOAuth('a client that somebody is logged in with is kept, however long nobody registers it', async world => {
  await world.accounts.user('anna');
  const used = await world.register(named('used'));
  const idle = await world.register(named('idle'));
  const { refresh_token } = await world.tokens('anna', used);
  world.accounts.clock.advance(91 * DAY_MS);
  await world.accounts.accounts.sweep();
  const clients = world.accounts.accounts.oauth?.clients ?? assert.fail();
  assert.equal(await clients.find(idle), undefined);
  assert.ok((await clients.find(used)) !== undefined);
  await world.post('revoke', { token: String(refresh_token) });
  world.accounts.clock.advance(91 * DAY_MS);
  await world.accounts.accounts.sweep();
  assert.equal(await clients.find(used), undefined);
});
