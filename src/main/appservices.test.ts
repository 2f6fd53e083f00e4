import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import { randomKey } from '../../test/support/keys.ts';
import { newDevice } from '../../test/support/remote-devices.ts';
import { ScriptedAppservice } from '../../test/support/scripted-appservice.ts';
import { type Client, WholeServer } from '../../test/support/whole-server.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { loadConfig } from '../config/load.ts';
import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { openDataFolder } from './data-folder.ts';
import { openIdleServer } from './idle-server.ts';
import { openDatabase } from './open-database.ts';

const GHOST = '@irc_bob:one.example';

async function say(client: Client, roomId: string, text: string): Promise<string> {
  const path = `/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${encodeURIComponent(text)}`;
  return String((await client.ok('PUT', path, { msgtype: 'm.text', body: text })).event_id);
}

function textsOf(events: readonly JsonObject[]): unknown[] {
  return events.filter(event => event.type === 'm.room.message').map(event => (event.content as JsonObject).body);
}

/** A room of alice's with a user of the bridge in it. */
async function bridgedRoom(server: WholeServer, bridge: ScriptedAppservice) {
  await bridge.register(server, 'irc_bob');
  const alice = await server.user('alice');
  const { room_id: roomId } = await alice.ok('POST', '/v3/createRoom', { preset: 'public_chat', name: 'Bridged' });
  await bridge.call(server, 'POST', `/v3/join/${encodeURIComponent(String(roomId))}`, {}, GHOST);
  return { alice, roomId: String(roomId) };
}

test('an application service is told what happens where its users are, in order, and nothing else', async t => {
  const bridge = await ScriptedAppservice.start(t);
  const server = await new WholeServer(t, systemClock, { appservices: [bridge.file] }).start();
  const { alice, roomId } = await bridgedRoom(server, bridge);
  const { room_id: elsewhere } = await alice.ok('POST', '/v3/createRoom', {});
  await say(alice, String(elsewhere), 'a secret');
  const said = Array.from({ length: 30 }, (_, at) => `message ${at}`);
  for (const text of said) await say(alice, roomId, text);
  await bridge.until(() => textsOf(bridge.told('events')).length >= said.length);
  assert.deepEqual(textsOf(bridge.told('events')), said);
  assert.deepEqual([...new Set(bridge.told('events').map(event => event.room_id))], [roomId]);
  assert.deepEqual([...new Set(bridge.transactions.map(call => call.authorization))], ['Bearer hs-token']);
  const ids = bridge.transactions.map(({ path }) => Number(path.split('/').at(-1)));
  assert.deepEqual(
    ids,
    ids.map((_, at) => at + 1),
    'transactions are numbered without a gap',
  );
});

test('an application service reads who is in a room that any of its users is in', async t => {
  const bridge = await ScriptedAppservice.start(t);
  const server = await new WholeServer(t, systemClock, { appservices: [bridge.file] }).start();
  const { alice, roomId } = await bridgedRoom(server, bridge);
  const members = (room: string, as?: string) =>
    bridge.call(server, 'GET', `/v3/rooms/${encodeURIComponent(room)}/joined_members`, undefined, as);
  for (const as of [undefined, GHOST]) {
    const { status, body } = await members(roomId, as);
    assert.deepEqual([status, Object.keys(body.joined as JsonObject).toSorted()], [200, [alice.id, GHOST]]);
  }
  const { room_id: elsewhere } = await alice.ok('POST', '/v3/createRoom', { invite: [GHOST] });
  assert.equal((await members(String(elsewhere))).status, 403);
  await bridge.call(server, 'POST', `/v3/rooms/${encodeURIComponent(roomId)}/leave`, {}, GHOST);
  assert.equal((await members(roomId)).status, 403);
});

test('the invite of one of its users says what room it is, and a user who is not there yet is asked about', async t => {
  const bridge = await ScriptedAppservice.start(t);
  const server = await new WholeServer(t, systemClock, { appservices: [bridge.file] }).start();
  const alice = await server.user('alice');
  const { room_id: roomId } = await alice.ok('POST', '/v3/createRoom', { name: 'A room', invite: [GHOST] });
  await bridge.until(() => bridge.told('events').some(event => event.state_key === GHOST));
  const invite = bridge.told('events').find(event => event.state_key === GHOST);
  const { invite_room_state: state } = (invite?.unsigned ?? {}) as { invite_room_state?: JsonObject[] };
  assert.ok(state?.some(event => event.type === 'm.room.name' && (event.content as JsonObject).name === 'A room'));
  assert.ok(bridge.calls.some(({ path }) => path === `/_matrix/app/v1/users/${encodeURIComponent(GHOST)}`));
  assert.equal(invite?.room_id, roomId);
});

test('N194 what it does not take comes again, the same, also after a restart, and then what came meanwhile', async t => {
  const bridge = await ScriptedAppservice.start(t);
  const server = await new WholeServer(t, systemClock, { appservices: [bridge.file] }).start();
  const { alice, roomId } = await bridgedRoom(server, bridge);
  await bridge.until(() => bridge.told('events').some(event => event.state_key === GHOST));
  bridge.answer = ({ path }) => (path.includes('/transactions/') ? { status: 500 } : undefined);
  await say(alice, roomId, 'first');
  await bridge.until(() => textsOf(bridge.told('events')).includes('first'));
  const refused = bridge.transactions.at(-1);
  for (let at = 0; at < 60; at++) await say(alice, roomId, `later ${at}`);
  await server.stop();
  bridge.calls.length = 0;
  bridge.answer = () => undefined;
  await server.start();
  const later = Array.from({ length: 60 }, (_, at) => `later ${at}`);
  await bridge.until(() => textsOf(bridge.told('events')).length >= 61);
  assert.deepEqual(bridge.transactions[0]?.path, refused?.path);
  assert.deepEqual(bridge.transactions[0]?.body, refused?.body);
  assert.deepEqual(textsOf(bridge.told('events')), ['first', ...later]);
});

test('a request of its own wakes what waits for it', async t => {
  const bridge = await ScriptedAppservice.start(t);
  // A clock that stands still: nothing is tried again because its time has come.
  const server = await new WholeServer(t, new TestClock(), { appservices: [bridge.file] }).start();
  const { alice, roomId } = await bridgedRoom(server, bridge);
  await bridge.until(() => bridge.told('events').some(event => event.state_key === GHOST));
  bridge.answer = ({ path }) => (path.includes('/transactions/') ? { status: 500 } : undefined);
  await say(alice, roomId, 'hello');
  await bridge.until(() => textsOf(bridge.told('events')).includes('hello'));
  await say(alice, roomId, 'and more');
  const before = bridge.transactions.length;
  bridge.answer = () => undefined;
  const isTold = () => textsOf(bridge.told('events')).includes('and more');
  // More than once: the first may come before the server has seen the refusal.
  for (let at = 0; at < 500 && !isTold(); at++) await bridge.call(server, 'GET', '/v3/account/whoami');
  assert.ok(isTold());
  assert.deepEqual(bridge.transactions[before]?.path, bridge.transactions[before - 1]?.path);
});

test('what it did not take while the clock was ahead is told once the clock is right', async t => {
  const bridge = await ScriptedAppservice.start(t);
  const clock = new TestClock();
  const server = await new WholeServer(t, clock, { appservices: [bridge.file] }).start();
  const { alice, roomId } = await bridgedRoom(server, bridge);
  await bridge.until(() => bridge.told('events').some(event => event.state_key === GHOST));
  bridge.answer = ({ path }) => (path.includes('/transactions/') ? { status: 500 } : undefined);
  clock.aheadMs = 365 * 24 * 3_600_000;
  await say(alice, roomId, 'hello');
  await bridge.until(() => textsOf(bridge.told('events')).includes('hello'));
  const before = bridge.transactions.length;
  bridge.answer = () => undefined;
  clock.aheadMs = 0;
  // A minute is the longest that it waits without looking.
  await bridge.until(() => {
    clock.advance(60_000);
    return bridge.transactions.length > before;
  });
  assert.deepEqual(bridge.transactions.at(-1)?.body, bridge.transactions[before - 1]?.body);
});

test('receipts and typing are told where it asked for them', async t => {
  const bridge = await ScriptedAppservice.start(t, ['receive_ephemeral: true']);
  const server = await new WholeServer(t, systemClock, { appservices: [bridge.file] }).start();
  const { alice, roomId } = await bridgedRoom(server, bridge);
  const eventId = await say(alice, roomId, 'read me');
  const room = `/v3/rooms/${encodeURIComponent(roomId)}`;
  await alice.ok('POST', `${room}/receipt/m.read/${encodeURIComponent(eventId)}`, {});
  await alice.ok('PUT', `${room}/typing/${encodeURIComponent(alice.id)}`, { typing: true, timeout: 30_000 });
  const ofType = (type: string) => bridge.told('ephemeral').filter(event => event.type === type);
  await bridge.until(() => ofType('m.receipt').length > 0 && ofType('m.typing').length > 0);
  const receipt = ofType('m.receipt')[0] as JsonObject;
  assert.equal(receipt.room_id, roomId);
  assert.deepEqual(Object.keys((receipt.content as JsonObject)[eventId] as JsonObject), ['m.read']);
  assert.deepEqual(ofType('m.typing')[0], { type: 'm.typing', room_id: roomId, content: { user_ids: [alice.id] } });
});

test('private receipts are told to whose user reads, and to nobody else', async t => {
  const bridge = await ScriptedAppservice.start(t, ['receive_ephemeral: true']);
  const server = await new WholeServer(t, systemClock, { appservices: [bridge.file] }).start();
  const { alice, roomId } = await bridgedRoom(server, bridge);
  const eventId = await say(alice, roomId, 'read me');
  const path = `/v3/rooms/${encodeURIComponent(roomId)}/receipt/m.read.private/${encodeURIComponent(eventId)}`;
  await alice.ok('POST', path, {});
  await bridge.call(server, 'POST', path, { thread_id: 'main' }, GHOST);
  await bridge.call(server, 'POST', path, {}, GHOST);
  const receipts = () => bridge.told('ephemeral').filter(event => event.type === 'm.receipt');
  await bridge.until(() => receipts().length > 1);
  const read = receipts().map(({ content }) => ((content as JsonObject)[eventId] as JsonObject)['m.read.private']);
  const [main, whole] = read as [JsonObject, JsonObject];
  assert.deepEqual([Object.keys(main), Object.keys(whole)], [[GHOST], [GHOST]], 'nothing of alice');
  assert.equal((main[GHOST] as JsonObject).thread_id, 'main');
  assert.equal('thread_id' in (whole[GHOST] as JsonObject), false);
  assert.deepEqual(new Set(receipts().map(receipt => receipt.room_id)), new Set([roomId]));
});

test('who comes is told where it asked for that, of those who share a room with it', async t => {
  const bridge = await ScriptedAppservice.start(t, ['receive_ephemeral: true']);
  const options = { appservices: [bridge.file], presence: true };
  const server = await new WholeServer(t, systemClock, options).start();
  const { alice } = await bridgedRoom(server, bridge);
  const stranger = await server.user('stranger');
  await bridge.until(() => bridge.told('events').some(event => event.state_key === GHOST));
  for (const user of [stranger, alice])
    await user.ok('PUT', `/v3/presence/${encodeURIComponent(user.id)}/status`, {
      presence: 'online',
      status_msg: 'here',
    });
  await bridge.until(() => bridge.told('ephemeral').some(event => event.sender === alice.id));
  const senders = new Set(bridge.told('ephemeral').map(event => event.sender));
  assert.deepEqual(
    [...senders].filter(sender => sender !== GHOST),
    [alice.id],
  );
});

test('messages to devices of its users are pushed with the keys that are left, once', async t => {
  const bridge = await ScriptedAppservice.start(t, ['receive_ephemeral: true', 'org.matrix.msc3202: true']);
  const server = await new WholeServer(t, systemClock, { appservices: [bridge.file] }).start();
  const { alice } = await bridgedRoom(server, bridge);
  const as = (method: string, path: string, body?: JsonObject) => bridge.call(server, method, path, body, GHOST);
  assert.equal((await as('PUT', '/v3/devices/BRIDGE', { display_name: 'bridge' })).status, 201);
  const { keys, sign } = newDevice(GHOST as UserId, 'BRIDGE');
  const upload = { device_keys: keys, one_time_keys: { 'signed_curve25519:A': sign({ key: randomKey() }) } };
  assert.equal((await as('POST', '/v3/keys/upload?device_id=BRIDGE', upload)).status, 200);
  const messages = { [GHOST]: { BRIDGE: { secret: 1 } } };
  await alice.ok('PUT', '/v3/sendToDevice/m.test/1', { messages });
  await bridge.until(() => bridge.told('to_device').length > 0);
  assert.deepEqual(bridge.told('to_device'), [
    { sender: alice.id, type: 'm.test', content: { secret: 1 }, to_user_id: GHOST, to_device_id: 'BRIDGE' },
  ]);
  const told = bridge.transactions.find(({ body }) => body.to_device !== undefined)?.body;
  assert.deepEqual(told?.device_one_time_keys_count, { [GHOST]: { BRIDGE: { signed_curve25519: 1 } } });
  const again = await as('GET', '/v3/sync?device_id=BRIDGE');
  assert.equal(again.body.to_device, undefined);
});

test('a ping says how long it took, or why it cannot be reached', async t => {
  const bridge = await ScriptedAppservice.start(t);
  const server = await new WholeServer(t, systemClock, { appservices: [bridge.file] }).start();
  const ping = (id = 'irc') => bridge.call(server, 'POST', `/v1/appservice/${id}/ping`, { transaction_id: 'mine' });
  const { status, body } = await ping();
  assert.equal(status, 200);
  assert.ok(Number.isInteger(body.duration_ms));
  const asked = bridge.calls.find(({ path }) => path === '/_matrix/app/v1/ping');
  assert.deepEqual(asked?.body, { transaction_id: 'mine' });
  assert.deepEqual([(await ping('other')).body.errcode], ['M_FORBIDDEN']);
  const alice = await server.user('alice');
  assert.equal((await alice.call('POST', '/v1/appservice/irc/ping', {})).body.errcode, 'M_FORBIDDEN');
  bridge.answer = () => ({ status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } });
  const refused = await ping();
  assert.deepEqual([refused.status, refused.body.errcode, refused.body.status], [502, 'M_BAD_STATUS', 401]);
  bridge.close();
  const gone = await ping();
  assert.deepEqual([gone.status, gone.body.errcode], [502, 'M_CONNECTION_FAILED']);
});

test('an alias in its namespace is offered to it when somebody asks', async t => {
  const bridge = await ScriptedAppservice.start(t);
  const server = await new WholeServer(t, systemClock, { appservices: [bridge.file] }).start();
  const alice = await server.user('alice');
  const alias = encodeURIComponent('#irc_#here:one.example');
  bridge.answer = ({ path }) => (path.startsWith('/_matrix/app/v1/rooms/') ? { status: 404 } : undefined);
  assert.equal((await alice.call('GET', `/v3/directory/room/${alias}`)).status, 404);
  const { body: made } = await bridge.call(server, 'POST', '/v3/createRoom', { preset: 'public_chat' });
  bridge.answer = ({ path }) => (path === `/_matrix/app/v1/rooms/${alias}` ? { status: 200 } : undefined);
  // A real bridge makes the alias before it answers.
  const set = { room_id: String(made.room_id) };
  assert.equal((await bridge.call(server, 'PUT', `/v3/directory/room/${alias}`, set)).status, 200);
  assert.equal((await alice.ok('POST', `/v3/join/${alias}`, {})).room_id, made.room_id);
  const mine = await alice.ok('POST', '/v3/createRoom', {});
  const stolen = await alice.call('PUT', `/v3/directory/room/${encodeURIComponent('#irc_mine:one.example')}`, {
    room_id: String(mine.room_id),
  });
  assert.equal(stolen.body.errcode, 'M_EXCLUSIVE');
  const outside = await bridge.call(server, 'PUT', `/v3/directory/room/${encodeURIComponent('#icq:one.example')}`, set);
  assert.deepEqual([outside.status, outside.body.errcode], [400, 'M_EXCLUSIVE']);
  const withAlias = (room_alias_name: string) => bridge.call(server, 'POST', '/v3/createRoom', { room_alias_name });
  assert.equal((await withAlias('icq')).body.errcode, 'M_EXCLUSIVE');
  assert.equal((await withAlias('irc_there')).status, 200);
});

test('networks, their users and places are looked up through it', async t => {
  const bridge = await ScriptedAppservice.start(t);
  const server = await new WholeServer(t, systemClock, { appservices: [bridge.file] }).start();
  const alice = await server.user('alice');
  const protocol = { user_fields: ['nick'], location_fields: ['channel'], icon: 'mxc://a/b', field_types: {} };
  const instances = [{ desc: 'Libera', network_id: 'libera', fields: { network: 'libera' } }];
  const user = { userid: GHOST, protocol: 'irc', fields: { nick: 'bob' } };
  const place = { alias: '#irc_x:one.example', protocol: 'irc', fields: { channel: '#x' } };
  bridge.answer = ({ path }) => {
    if (path.startsWith('/_matrix/app/v1/thirdparty/protocol/irc'))
      return { status: 200, body: { ...protocol, instances } };
    if (path.startsWith('/_matrix/app/v1/thirdparty/user')) return { status: 200, body: [user] };
    if (path.startsWith('/_matrix/app/v1/thirdparty/location')) return { status: 200, body: [place] };
    return { status: 404 };
  };
  const irc = { ...protocol, instances: [{ ...instances[0], instance_id: 'irc|libera' }] };
  assert.deepEqual(await alice.ok('GET', '/v3/thirdparty/protocols'), { irc });
  assert.deepEqual(await alice.ok('GET', '/v3/thirdparty/protocol/irc'), irc);
  assert.deepEqual(await alice.ok('GET', '/v3/thirdparty/user/irc?nick=bob'), [user]);
  assert.deepEqual(await alice.ok('GET', `/v3/thirdparty/user?userid=${encodeURIComponent(GHOST)}`), [user]);
  assert.deepEqual(await alice.ok('GET', '/v3/thirdparty/location/irc?channel=x'), [place]);
  assert.deepEqual(await alice.ok('GET', '/v3/thirdparty/location?alias=%23irc_x%3Aone.example'), [place]);
  assert.equal((await alice.call('GET', '/v3/thirdparty/protocol/icq')).status, 404);
  assert.ok(bridge.calls.some(({ path }) => path === '/_matrix/app/v1/thirdparty/user/irc?nick=bob'));
  bridge.answer = () => ({ status: 200, body: [] });
  for (const path of [
    'user/irc?nick=nobody',
    'location/irc?channel=nowhere',
    'user/icq?nick=bob',
    'user?userid=@a:b',
  ]) {
    const { status, body } = await alice.call('GET', `/v3/thirdparty/${path}`);
    assert.deepEqual([status, body.errcode], [404, 'M_NOT_FOUND'], path);
  }
});

test('rooms are listed on a network by its application service alone', async t => {
  const bridge = await ScriptedAppservice.start(t);
  const server = await new WholeServer(t, systemClock, { appservices: [bridge.file] }).start();
  const { alice, roomId } = await bridgedRoom(server, bridge);
  const path = `/v3/directory/list/appservice/libera/${encodeURIComponent(roomId)}`;
  assert.equal((await alice.call('PUT', path, { visibility: 'public' })).body.errcode, 'M_FORBIDDEN');
  const listed = async (body: JsonObject) => {
    const { chunk } = await alice.ok('POST', '/v3/publicRooms', body);
    return (chunk as JsonObject[]).map(room => room.room_id);
  };
  assert.equal((await bridge.call(server, 'PUT', path, { visibility: 'public' })).status, 200);
  assert.deepEqual(await listed({}), []);
  assert.deepEqual(await listed({ third_party_instance_id: 'irc|libera' }), [roomId]);
  assert.deepEqual(await listed({ third_party_instance_id: 'irc|oftc' }), []);
  assert.deepEqual(await listed({ include_all_networks: true }), [roomId]);
  assert.equal((await bridge.call(server, 'PUT', path, { visibility: 'private' })).status, 200);
  assert.deepEqual(await listed({ include_all_networks: true }), []);
});

test('a registration that cannot be used stops the start, with the file, the reason and the remedy', async t => {
  const server = new WholeServer(t, systemClock, { appservices: ['/nowhere/registration.yaml'] });
  await assert.rejects(server.start(), {
    name: 'ConfigError',
    message:
      /^\/nowhere\/registration.yaml: The registration file cannot be read: .*\n +Check the path and who may read the file/,
  });
});

test('one that is taken out of the settings is forgotten, and one that comes back hears what is new', async t => {
  const bridge = await ScriptedAppservice.start(t);
  const registered = [bridge.file];
  const server = await new WholeServer(t, systemClock, { appservices: registered }).start();
  const { alice, roomId } = await bridgedRoom(server, bridge);
  await bridge.until(() => bridge.told('events').some(event => event.state_key === GHOST));
  await server.stop();
  registered.pop();
  await server.start();
  await say(alice, roomId, 'unheard');
  await server.stop();
  registered.push(bridge.file);
  await server.start();
  await say(alice, roomId, 'heard');
  await bridge.until(() => textsOf(bridge.told('events')).length > 0);
  assert.deepEqual(textsOf(bridge.told('events')), ['heard']);
});

test('commands on a server that does not run leave alone what waits for an application service', async t => {
  const bridge = await ScriptedAppservice.start(t);
  const server = await new WholeServer(t, systemClock, { appservices: [bridge.file] }).start();
  const { alice, roomId } = await bridgedRoom(server, bridge);
  await bridge.until(() => bridge.told('events').some(event => event.state_key === GHOST));
  bridge.answer = () => ({ status: 500 });
  await say(alice, roomId, 'waiting');
  await bridge.until(() => textsOf(bridge.told('events')).length > 0);
  await server.stop();
  const config = loadConfig({ data: server.folder }, { config: undefined, data: undefined, noColor: true });
  const folder = openDataFolder(config.data_dir, config.server_name, systemRandom);
  const idle = await openIdleServer(config, folder, { log: silentLog, version: 'test', open: openDatabase });
  await idle[Symbol.asyncDispose]();
  bridge.calls.length = 0;
  bridge.answer = () => undefined;
  await server.start();
  await bridge.until(() => textsOf(bridge.told('events')).length > 0);
  assert.deepEqual(textsOf(bridge.told('events')), ['waiting']);
});
