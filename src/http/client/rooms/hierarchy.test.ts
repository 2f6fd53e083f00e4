import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import type { RoomId } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';
import { spaceChild } from '../../../rooms/hierarchy.ts';
import type { RemoteRooms } from '../../../rooms/ports.ts';

const SPACE = { preset: 'public_chat', creation_content: { type: 'm.space' } };
const BOB = '@bob:one.example';

function child(api: RoomApi, space: string, room: string, more: JsonObject = {}): Promise<string> {
  return api.setState('alice', space, 'm.space.child', { via: ['one.example'], ...more }, room);
}

async function tree(api: RoomApi, who: string, space: string, query = ''): Promise<JsonObject> {
  return api.ok(api.get(who, `/v1/rooms/${space}/hierarchy${query}`));
}

function listed(answer: JsonObject): unknown[] {
  return (answer.rooms as JsonObject[]).map(room => room.room_id);
}

onEachDatabase('a space is told depth first, page by page, each room once', async (db, t) => {
  const api = new RoomApi(db, t);
  const root = await api.create('alice', { ...SPACE, name: 'Root' });
  const sub = await api.create('alice', { ...SPACE, room_version: '11' });
  const [first, second, deep, plain] = [
    await api.create('alice', { preset: 'public_chat' }),
    await api.create('alice', { preset: 'public_chat' }),
    await api.create('alice', { preset: 'public_chat' }),
    await api.create('alice', { preset: 'public_chat' }),
  ];
  await child(api, root, second, { suggested: true });
  await child(api, root, sub, { order: 'b' });
  await child(api, root, first, { order: 'a', suggested: true });
  await child(api, root, '!unknown:two.example', { order: ' ' });
  await child(api, root, plain, { via: 'one.example' });
  await child(api, sub, deep);
  await child(api, sub, root);
  // A room that is no space has no children.
  await child(api, first, plain);

  const whole = await tree(api, 'alice', root);
  assert.deepEqual(listed(whole), [root, first, sub, deep, second]);
  assert.equal(whole.next_batch, undefined);
  const [top = {}, , under = {}] = whole.rooms as JsonObject[];
  const links = (top.children_state as JsonObject[]).map(event => event.state_key);
  assert.deepEqual(links, ['!unknown:two.example', first, sub, second]);
  const { origin_server_ts: ts, ...event } = (under.children_state as JsonObject[])[0] ?? {};
  assert.equal(typeof ts, 'number');
  const stripped = { type: 'm.space.child', state_key: deep, sender: '@alice:one.example' };
  assert.deepEqual(event, { ...stripped, content: { via: ['one.example'] } });
  assert.deepEqual([under.room_type, under.room_version, under.join_rule], ['m.space', '11', 'public']);

  assert.deepEqual(listed(await tree(api, 'alice', root, '?max_depth=0')), [root]);
  assert.deepEqual(listed(await tree(api, 'alice', root, '?max_depth=1')), [root, first, sub, second]);
  assert.deepEqual(listed(await tree(api, 'alice', root, '?suggested_only=true')), [root, first, second]);

  const one = await tree(api, 'alice', root, '?limit=2&max_depth=5');
  const two = await tree(api, 'alice', root, `?limit=2&max_depth=5&from=${String(one.next_batch)}`);
  const three = await tree(api, 'alice', root, `?limit=2&max_depth=5&from=${String(two.next_batch)}`);
  assert.deepEqual([...listed(one), ...listed(two), ...listed(three)], listed(whole));
  assert.equal(three.next_batch, undefined);
  for (const query of [`from=${String(one.next_batch)}`, 'from=x', 'limit=0', 'max_depth=-1', 'suggested_only=1']) {
    const answer = api.get('alice', `/v1/rooms/${root}/hierarchy?${query}`);
    assert.deepEqual(await refusal(answer), [400, 'M_INVALID_PARAM'], query);
  }
});

onEachDatabase('N148 only rooms that the user may know of are told', async (db, t) => {
  const api = new RoomApi(db, t);
  const root = await api.create('alice', SPACE);
  const make = async (joinRules: JsonObject, version = '12') => {
    const room = await api.create('alice', { room_version: version });
    await api.setState('alice', room, 'm.room.join_rules', joinRules);
    await child(api, root, room);
    return room;
  };
  const allow = [{ type: 'm.room_membership', room_id: root }];
  const closed = await make({ join_rule: 'invite' });
  const restricted = await make({ join_rule: 'restricted', allow });
  await make({ join_rule: 'restricted', allow }, '7');
  const knock = await make({ join_rule: 'knock' });
  const open = await make({ join_rule: 'public' });
  const readable = await make({ join_rule: 'invite' });
  await api.setState('alice', readable, 'm.room.history_visibility', { history_visibility: 'world_readable' });

  assert.deepEqual(listed(await tree(api, 'bob', root)), [root, knock, open, readable]);
  await api.join('bob', root);
  assert.deepEqual(listed(await tree(api, 'bob', root)), [root, restricted, knock, open, readable]);
  await api.ok(api.post('alice', `/v3/rooms/${closed}/invite`, { user_id: BOB }));
  assert.equal(listed(await tree(api, 'bob', root))[1], closed);
  for (const room of [open, readable, restricted])
    await api.ok(api.post('alice', `/v3/rooms/${room}/ban`, { user_id: BOB }));
  assert.deepEqual(listed(await tree(api, 'bob', root)), [root, closed, knock, readable]);
  assert.deepEqual(await refusal(api.get('bob', `/v1/rooms/${open}/hierarchy`)), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await refusal(api.get('bob', '/v1/rooms/!nowhere:one.example/hierarchy')), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await refusal(api.get('', `/v1/rooms/${root}/hierarchy`)), [401, 'M_MISSING_TOKEN']);
});

onEachDatabase('rooms that we are not in are asked for from others', async (db, t) => {
  const far = '!far:two.example' as RoomId;
  const asked: (readonly string[])[] = [];
  const summary = { roomId: far, joinRule: 'restricted', worldReadable: false, isSpace: true };
  const event = { type: 'm.space.child', state_key: '!gone:two.example', content: { via: ['two.example'] } };
  const one = spaceChild({ ...event, sender: '@x:two.example', origin_server_ts: 1 });
  let allowed: RoomId[] = [];
  const remoteRooms: RemoteRooms = {
    async summary(roomId, via) {
      asked.push(via);
      if (roomId !== far) return undefined;
      const children = one === undefined ? [] : [one];
      return { summary: { ...summary, allowed, chunk: { room_id: far } }, children, told: new Map() };
    },
  };
  const api = new RoomApi(db, t, { remoteRooms });
  const root = await api.create('alice', SPACE);
  await child(api, root, far, { via: ['two.example', 3] });
  assert.deepEqual(listed(await tree(api, 'alice', root)), [root]);
  allowed = [root as RoomId];
  assert.deepEqual(listed(await tree(api, 'alice', root)), [root, far]);
  assert.deepEqual(asked.slice(-2), [['two.example'], ['two.example']]);
  assert.equal((await api.ok(api.get('alice', `/v1/room_summary/${far}?via=a&via=b`))).room_id, far);
  assert.deepEqual(asked.at(-1), ['a', 'b']);
});

onEachDatabase(
  'what was said of the children of a space of others is believed for it, and not asked again',
  async (db, t) => {
    const asked: string[] = [];
    const ids = (...names: string[]) => names.map(name => `!${name}:two.example` as RoomId);
    const [far, open, closed, hidden, inner] = ids('far', 'open', 'closed', 'hidden', 'inner') as [
      RoomId,
      RoomId,
      RoomId,
      RoomId,
      RoomId,
    ];
    const summary = (roomId: RoomId, joinRule: string, isSpace = false) => ({
      roomId,
      joinRule,
      worldReadable: false,
      allowed: [],
      isSpace,
      chunk: { room_id: roomId },
    });
    const remoteRooms: RemoteRooms = {
      async summary(roomId) {
        asked.push(roomId);
        const children = (roomId === far ? [open, closed, hidden, inner] : []).flatMap(
          (state_key, at) =>
            spaceChild({
              type: 'm.space.child',
              state_key,
              sender: '@x:two.example',
              content: { via: ['two.example'] },
              origin_server_ts: at,
            }) ?? [],
        );
        const told = new Map([
          [open, summary(open, 'public')],
          [closed, summary(closed, 'invite')],
          [inner, summary(inner, 'public', true)],
          [hidden, undefined],
        ]);
        return { summary: summary(roomId, 'public', true), children, told };
      },
    };
    const api = new RoomApi(db, t, { remoteRooms });
    const root = await api.create('alice', SPACE);
    await child(api, root, far, { via: ['two.example'], order: 'a' });
    await child(api, root, closed, { via: ['two.example'], order: 'b' });
    assert.deepEqual(listed(await tree(api, 'alice', root)), [root, far, open, inner]);
    assert.deepEqual(asked, [far, inner], 'a space is asked for its children, the rest is told already');
  },
);

onEachDatabase('a space of a thousand rooms of others has us ask for few', async (db, t) => {
  let asked = 0;
  const remoteRooms: RemoteRooms = {
    async summary() {
      asked++;
      api.rooms.clock.advance(1000);
      return undefined;
    },
  };
  const api = new RoomApi(db, t, { remoteRooms });
  const root = await api.create('alice', SPACE);
  for (let at = 0; at < 60; at++) await child(api, root, `!r${at}:two.example`);
  assert.deepEqual(listed(await tree(api, 'alice', root)), [root]);
  assert.ok(asked <= 31, `${asked}`);
});

onEachDatabase('strangers do not have us ask other servers', async (db, t) => {
  const fail = () => assert.fail('somebody was asked');
  const api = new RoomApi(db, t, {
    remoteRooms: { summary: fail },
    remote: { resolveAlias: fail, publicRooms: fail },
  });
  for (const room of ['!far:two.example', '%23far:two.example'])
    assert.deepEqual(await refusal(api.get('', `/v1/room_summary/${room}?via=two.example`)), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await refusal(api.get('', '/v3/publicRooms?server=two.example')), [401, 'M_MISSING_TOKEN']);
});

onEachDatabase('N148 a summary tells what a room is to those who may know', async (db, t) => {
  const api = new RoomApi(db, t);
  const open = await api.create('alice', { preset: 'public_chat', name: 'Grove', room_alias_name: 'grove' });
  await api.setState('alice', open, 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' });
  const path = '/v1/room_summary/%23grove:one.example';
  const bare = {
    room_id: open,
    name: 'Grove',
    canonical_alias: '#grove:one.example',
    num_joined_members: 1,
    world_readable: false,
    guest_can_join: false,
    join_rule: 'public',
    room_version: '12',
    encryption: 'm.megolm.v1.aes-sha2',
  };
  assert.deepEqual(await api.ok(api.get('', path)), bare);
  assert.deepEqual(await api.ok(api.get('alice', path)), { ...bare, membership: 'join' });
  assert.deepEqual(await api.ok(api.get('bob', path)), { ...bare, membership: 'leave' });
  const old = `/unstable/im.nheko.summary/rooms/${open}/summary`;
  assert.deepEqual(await api.ok(api.get('bob', old)), { ...bare, membership: 'leave' });

  const closed = await api.create('alice', {});
  await api.ok(api.get('alice', `/v1/room_summary/${closed}`));
  for (const who of ['bob', ''])
    assert.deepEqual(await refusal(api.get(who, `/v1/room_summary/${closed}`)), [404, 'M_NOT_FOUND']);
  await api.ok(api.post('alice', `/v3/rooms/${closed}/invite`, { user_id: BOB }));
  assert.equal((await api.ok(api.get('bob', `/v1/room_summary/${closed}`))).membership, 'invite');
  const restricted = { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: open }] };
  await api.setState('alice', closed, 'm.room.join_rules', restricted);
  await api.join('carol', open);
  const summary = await api.ok(api.get('carol', `/v1/room_summary/${closed}`));
  assert.deepEqual(summary.allowed_room_ids, [open]);
  assert.deepEqual(await refusal(api.get('dave', `/v1/room_summary/${closed}`)), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await refusal(api.get('dave', '/v1/room_summary/%23nowhere:one.example')), [404, 'M_NOT_FOUND']);
});
