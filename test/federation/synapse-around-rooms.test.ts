import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import sharp from 'sharp';
import { getArray, getObject, type JsonObject } from '../../src/core/json.ts';
import { picture } from '../support/images.ts';
import { type ApiUser, eventually } from './api-user.ts';
import { type TwoServers, twoServersIfAny, whyNoSynapse } from './two-servers.ts';

/** Two users of different servers, and a room that the first made and both are in. */
interface Pair {
  readonly doer: ApiUser;
  readonly witness: ApiUser;
  readonly room: string;
}

const WHOSE = ['what a user of Copse does', 'what a user of Synapse does'] as const;

suite('what Copse and Synapse tell each other beside events', { concurrency: 1 }, () => {
  let servers: TwoServers | undefined;
  const pairs = new Map<string, Pair>();

  before(async () => {
    servers = await twoServersIfAny({ copse: { presence: true } });
    if (servers === undefined) return;
    const carl = await servers.copseUser('carl');
    const sue = await servers.synapse.user('sue');
    pairs.set(WHOSE[0], { doer: carl, witness: sue, room: await servers.sharedRoom(carl, sue) });
    pairs.set(WHOSE[1], { doer: sue, witness: carl, room: await servers.sharedRoom(sue, carl) });
  });

  after(() => servers?.[Symbol.asyncDispose]());

  for (const whose of WHOSE)
    test(whose, async t => {
      const pair = pairs.get(whose);
      if (pair === undefined) return t.skip(whyNoSynapse());
      await t.test('typing', () => typing(pair));
      await t.test('receipts', () => receipts(pair));
      await t.test('presence', () => presence(pair));
      await t.test('profile', () => profile(pair));
      await t.test('messages to devices', () => toDevice(pair));
      await t.test('media and thumbnails', () => media(pair));
      await t.test('aliases and the list of public rooms', () => directory(pair));
      await t.test('hierarchy of a space', () => hierarchy(pair));
    });
});

const inRoom = (room: string, path: string) => `/v3/rooms/${encodeURIComponent(room)}/${path}`;

/** The content of what a sync tells of a room beside its events. */
async function ephemeral(user: ApiUser, room: string, type: string): Promise<JsonObject | undefined> {
  const block = getObject((await user.inSync('join', room)) ?? {}, 'ephemeral') ?? {};
  const events = (getArray(block, 'events') ?? []) as JsonObject[];
  const found = events.find(event => event.type === type);
  return found === undefined ? undefined : getObject(found, 'content');
}

async function typing({ doer, witness, room }: Pair): Promise<void> {
  const path = inRoom(room, `typing/${encodeURIComponent(doer.id)}`);
  const typists = async () => getArray((await ephemeral(witness, room, 'm.typing')) ?? {}, 'user_ids') ?? [];
  await doer.ok('PUT', path, { typing: true, timeout: 60_000 });
  await eventually('typing shows', async () => (await typists()).includes(doer.id));
  await doer.ok('PUT', path, { typing: false });
  await eventually('typing ends', async () => !(await typists()).includes(doer.id));
}

async function receipts({ doer, witness, room }: Pair): Promise<void> {
  const event = await witness.say(room, 'read this');
  await eventually('it is there', async () => (await doer.bodies(room)).includes('read this'));
  await doer.ok('POST', inRoom(room, `receipt/m.read/${encodeURIComponent(event)}`), {});
  await eventually('the receipt shows', async () => {
    const read = getObject((await ephemeral(witness, room, 'm.receipt')) ?? {}, event) ?? {};
    return getObject(getObject(read, 'm.read') ?? {}, doer.id);
  });
}

async function presence({ doer, witness }: Pair): Promise<void> {
  const status = `${doer.server} at tea`;
  await doer.ok('PUT', `/v3/presence/${encodeURIComponent(doer.id)}/status`, {
    presence: 'online',
    status_msg: status,
  });
  await eventually('the status shows', async () => {
    const block = getObject(await witness.sync(), 'presence') ?? {};
    const events = (getArray(block, 'events') ?? []) as JsonObject[];
    const own = events.find(event => event.sender === doer.id);
    return getObject(own ?? {}, 'content')?.status_msg === status;
  });
}

async function profile({ doer, witness, room }: Pair): Promise<void> {
  const user = encodeURIComponent(doer.id);
  const name = `Somebody of ${doer.server}`;
  await doer.ok('PUT', `/v3/profile/${user}/displayname`, { displayname: name });
  const member = () => witness.state(room, 'm.room.member', doer.id);
  await eventually('the room shows the name', async () => (await member())?.displayname === name);
  await eventually(
    'the profile shows the name',
    async () => (await witness.ok('GET', `/v3/profile/${user}`)).displayname === name,
  );
}

async function toDevice({ doer, witness }: Pair): Promise<void> {
  const since = String((await witness.sync()).next_batch);
  const body = { from: doer.id };
  await doer.ok('PUT', '/v3/sendToDevice/org.copse.test/once', {
    messages: { [witness.id]: { [witness.deviceId]: body } },
  });
  // What a sync has brought is gone with the next one that goes on from it.
  await eventually('it arrives', async () => {
    const events = getArray(getObject(await witness.sync(since), 'to_device') ?? {}, 'events') ?? [];
    return events.length > 0 && events;
  }).then(events => assert.deepEqual(events, [{ type: 'org.copse.test', sender: doer.id, content: body }]));
}

async function media({ doer, witness }: Pair): Promise<void> {
  const image = Buffer.from(await picture(1000, 800));
  const uri = await doer.upload(image, 'image/png');
  const path = uri.replace('mxc://', '');
  const whole = await eventually('the file comes', () => witness.download(`/v1/media/download/${path}`));
  assert.equal(whole.type, 'image/png');
  assert.ok(whole.bytes.equals(image));
  const small = await eventually('a thumbnail comes', () =>
    witness.download(`/v1/media/thumbnail/${path}?width=320&height=240&method=scale`),
  );
  assert.match(small.type, /^image\//);
  const { width, height } = await sharp(small.bytes).metadata();
  assert.deepEqual([width, height], [300, 240]);
  assert.equal(await witness.download(`/v1/media/download/${doer.server}/nothing`), undefined);
}

async function directory({ doer, witness }: Pair): Promise<void> {
  const room = await doer.createRoom({
    preset: 'public_chat',
    visibility: 'public',
    room_alias_name: 'well-known',
    name: 'Known to all',
  });
  const alias = `#well-known:${doer.server}`;
  assert.equal((await witness.ok('GET', `/v3/directory/room/${encodeURIComponent(alias)}`)).room_id, room);
  const list = await witness.ok('POST', `/v3/publicRooms?server=${doer.server}`, {});
  const listed = ((getArray(list, 'chunk') ?? []) as JsonObject[]).find(entry => entry.room_id === room);
  assert.equal(listed?.name, 'Known to all');
  await witness.enter(alias, '', room);
  await eventually('the host sees the visitor', async () => (await doer.membership(room, witness.id)) === 'join');
}

async function hierarchy({ doer, witness }: Pair): Promise<void> {
  const child = await doer.createRoom({ preset: 'public_chat', name: 'A child' });
  const hidden = await doer.createRoom({ preset: 'private_chat', name: 'A hidden child' });
  const space = await doer.createRoom({
    preset: 'public_chat',
    name: 'A space',
    creation_content: { type: 'm.space' },
    initial_state: [child, hidden].map(key => ({
      type: 'm.space.child',
      state_key: key,
      content: { via: [doer.server] },
    })),
  });
  await witness.enter(space, doer.server);
  const answer = await witness.ok('GET', `/v1/rooms/${encodeURIComponent(space)}/hierarchy`);
  const names = ((getArray(answer, 'rooms') ?? []) as JsonObject[]).map(room => room.name);
  assert.deepEqual(names.toSorted(), ['A child', 'A space']);
}
