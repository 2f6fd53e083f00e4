import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type ApiUser, eventually } from './api-user.ts';
import { type TwoServers, twoServersIfAny, whyNoSynapse } from './two-servers.ts';

/** In CI those that differ most. */
const USUAL_VERSIONS = process.env.CI === 'true' ? '10,12' : '10,11,12';
const VERSIONS = (process.env.COPSE_TEST_ROOM_VERSIONS ?? USUAL_VERSIONS).split(',');

/** Who makes the room, and who comes into it from the other server. */
interface Sides {
  readonly host: ApiUser;
  readonly visitor: ApiUser;
}

suite('rooms that Copse and Synapse share', { concurrency: 1 }, () => {
  let servers: TwoServers | undefined;
  const sides = new Map<string, Sides>();

  before(async () => {
    servers = await twoServersIfAny();
    if (servers === undefined) return;
    const copse = await servers.copseUser('carl');
    const synapse = await servers.synapse.user('sue');
    sides.set('of Copse', { host: copse, visitor: synapse });
    sides.set('of Synapse', { host: synapse, visitor: copse });
  });

  after(() => servers?.[Symbol.asyncDispose]());

  for (const version of VERSIONS)
    for (const whose of ['of Copse', 'of Synapse'])
      test(`a room ${whose}, version ${version}`, async t => {
        const both = sides.get(whose);
        if (both === undefined) return t.skip(whyNoSynapse());
        await t.test('join, messages both ways, redaction, leave', () => talk(both, version));
        await t.test('invite, decline, accept, kick, ban', () => invite(both, version));
        await t.test('knock', () => knock(both, version));
        await t.test('restricted join', () => restricted(both, version));
        await t.test('history from before the join', () => history(both, version));
      });
});

async function talk({ host, visitor }: Sides, version: string): Promise<void> {
  const room = await host.createRoom({ preset: 'public_chat', room_version: version, name: 'Talk' });
  await visitor.enter(room, host.server);
  await eventually('the host sees the visitor', async () => (await host.membership(room, visitor.id)) === 'join');
  assert.equal((await visitor.state(room, 'm.room.name'))?.name, 'Talk');
  for (let at = 0; at < 10; at++) {
    await host.say(room, `host ${at}`);
    await visitor.say(room, `visitor ${at}`);
  }
  const all = Array.from({ length: 10 }, (_, at) => [`host ${at}`, `visitor ${at}`]).flat();
  for (const user of [host, visitor])
    await eventually(`${user.id} has all messages`, async () => (await user.bodies(room)).length === all.length);
  for (const user of [host, visitor]) assert.deepEqual((await user.bodies(room)).sort(), all.toSorted());
  const secret = await visitor.say(room, 'secret');
  await eventually('the secret arrives', async () => (await host.bodies(room)).includes('secret'));
  await visitor.ok('PUT', `/v3/rooms/${encodeURIComponent(room)}/redact/${encodeURIComponent(secret)}/r1`, {});
  await eventually('the secret is gone', async () => !(await host.bodies(room)).includes('secret'));
  await host.setState(room, 'm.room.topic', { topic: 'changed' });
  await eventually('the topic arrives', async () => (await visitor.state(room, 'm.room.topic'))?.topic === 'changed');
  await visitor.act('leave', room);
  await eventually('the host sees the leaving', async () => (await host.membership(room, visitor.id)) === 'leave');
}

async function invite({ host, visitor }: Sides, version: string): Promise<void> {
  const room = await host.createRoom({ preset: 'private_chat', room_version: version, name: 'Private' });
  await host.act('invite', room, visitor.id);
  const invited = await eventually('the invite arrives', () => visitor.inSync('invite', room));
  assert.match(JSON.stringify(invited), /Private/);
  await visitor.act('leave', room);
  await eventually('the host sees it declined', async () => (await host.membership(room, visitor.id)) === 'leave');
  await host.act('invite', room, visitor.id);
  await eventually('the invite arrives again', () => visitor.inSync('invite', room));
  await visitor.enter(room);
  await eventually('the host sees the visitor', async () => (await host.membership(room, visitor.id)) === 'join');
  await host.act('kick', room, visitor.id);
  await eventually('the visitor is out', async () => (await visitor.membership(room, visitor.id)) !== 'join');
  await host.act('invite', room, visitor.id);
  await eventually('a third invite', () => visitor.inSync('invite', room));
  await visitor.enter(room);
  await host.act('ban', room, visitor.id);
  const path = `/v3/join/${encodeURIComponent(room)}?server_name=${host.server}&via=${host.server}`;
  await eventually('the visitor cannot come back', async () => (await visitor.call('POST', path, {})).status === 403);
  assert.equal(await host.membership(room, visitor.id), 'ban');
}

async function knock({ host, visitor }: Sides, version: string): Promise<void> {
  const room = await host.createRoom({
    preset: 'private_chat',
    room_version: version,
    name: 'Knock here',
    initial_state: [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'knock' } }],
  });
  await visitor.ok('POST', `/v3/knock/${encodeURIComponent(room)}?server_name=${host.server}&via=${host.server}`, {});
  await eventually('the host hears the knock', async () => (await host.membership(room, visitor.id)) === 'knock');
  await eventually('the visitor sees the knock', () => visitor.inSync('knock', room));
  await host.act('invite', room, visitor.id);
  await eventually('the answer arrives', () => visitor.inSync('invite', room));
  await visitor.enter(room);
  await eventually('the visitor is in', async () => (await host.membership(room, visitor.id)) === 'join');
}

async function restricted({ host, visitor }: Sides, version: string): Promise<void> {
  const club = await host.createRoom({ preset: 'public_chat', room_version: version });
  const allow = [{ type: 'm.room_membership', room_id: club }];
  const room = await host.createRoom({
    preset: 'private_chat',
    room_version: version,
    initial_state: [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'restricted', allow } }],
  });
  const path = `/v3/join/${encodeURIComponent(room)}?server_name=${host.server}&via=${host.server}`;
  assert.equal((await visitor.call('POST', path, {})).status, 403);
  await visitor.enter(club, host.server);
  await visitor.ok('POST', path, {});
  await eventually('the visitor is in', async () => (await host.membership(room, visitor.id)) === 'join');
  await visitor.say(room, 'let in');
  await eventually('what is said arrives', async () => (await host.bodies(room)).includes('let in'));
}

async function history({ host, visitor }: Sides, version: string): Promise<void> {
  const room = await host.createRoom({ preset: 'public_chat', room_version: version });
  const bodies = Array.from({ length: 60 }, (_, at) => `old ${at}`);
  for (const body of bodies) await host.say(room, body);
  await visitor.enter(room, host.server);
  await eventually('all of it is there', async () => (await visitor.bodies(room)).length === bodies.length);
  assert.deepEqual(await visitor.bodies(room), bodies);
}
