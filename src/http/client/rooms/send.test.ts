import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal } from '../../../../test/support/http.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import type { JsonObject } from '../../../core/json.ts';

const TEXT = { msgtype: 'm.text', body: 'hello' };

onEachDatabase(
  'N162: the same transaction is the same event, whatever is sent with it, also side by side',
  async (db, t) => {
    const api = new RoomApi(db, t);
    const room = await api.create('alice');
    const send = (body: object, path = `/v3/rooms/${room}/send/m.room.message/one`) =>
      api.ok(api.put('alice', path, body)).then(answer => answer.event_id);
    const ids = await Promise.all([send(TEXT), send(TEXT), send({ ...TEXT, body: 'other' }), send(TEXT)]);
    assert.equal(new Set(ids).size, 1);
    const { chunk } = await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=b`));
    assert.equal(RoomApi.bodies(chunk).length, 1);
    const [unsigned] = (chunk as JsonObject[]).map(event => event.unsigned as JsonObject);
    assert.equal(unsigned?.transaction_id, 'one');
    // Another type, another room, another endpoint: another event.
    assert.notEqual(await send(TEXT, `/v3/rooms/${room}/send/my.type/one`), ids[0]);
    const other = await api.create('alice');
    assert.notEqual(await send(TEXT, `/v3/rooms/${other}/send/m.room.message/one`), ids[0]);
    assert.notEqual(await send({}, `/v3/rooms/${room}/redact/${ids[0]}/one`), ids[0]);
  },
);

onEachDatabase('N163: a transaction ID of another device is another event', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const path = `/v3/rooms/${room}/send/m.room.message/one`;
  const first = await api.ok(api.put('alice/PHONE', path, TEXT));
  const second = await api.ok(api.put('alice/LAPTOP', path, TEXT));
  assert.notEqual(first.event_id, second.event_id);
  assert.deepEqual(await api.ok(api.put('alice/PHONE', path, TEXT)), first);
  const event = await api.ok(api.get('alice/LAPTOP', `/v3/rooms/${room}/event/${first.event_id}`));
  assert.equal('transaction_id' in (event.unsigned as JsonObject), false, 'the ID is told to the device that chose it');
});

onEachDatabase('N041: an event that is too large is refused and nothing of it is kept', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  // It fits by itself, but not with hashes and signatures.
  const body = 'x'.repeat(65_400);
  const path = `/v3/rooms/${room}/send/m.room.message/big`;
  assert.deepEqual(await refusal(api.put('alice', path, { msgtype: 'm.text', body })), [413, 'M_TOO_LARGE']);
  assert.deepEqual(await refusal(api.put('alice', `/v3/rooms/${room}/send/${'t'.repeat(300)}/x`, {})), [
    413,
    'M_TOO_LARGE',
  ]);
  const { chunk } = await api.ok(api.get('alice', `/v3/rooms/${room}/messages?dir=b`));
  assert.deepEqual(RoomApi.bodies(chunk), []);
  // The transaction ID is free still.
  await api.ok(api.put('alice', path, { msgtype: 'm.text', body: 'small' }));
});

onEachDatabase('a message needs a kind and a text', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const send = (type: string, content: JsonObject) => api.put('alice', `/v3/rooms/${room}/send/${type}/one`, content);
  for (const content of [{}, { body: 'x' }, { msgtype: 'm.text' }, { msgtype: 'm.text', body: 1 }, { msgtype: null }])
    assert.deepEqual(await refusal(send('m.room.message', content)), [400, 'M_BAD_JSON'], JSON.stringify(content));
  await api.ok(send('m.room.message', { msgtype: 'org.example.own', body: '' }));
  await api.ok(send('m.room.encrypted', { body: 'x' }));
});

onEachDatabase('N042: numbers that canonical JSON cannot say are refused', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  for (const number of ['9007199254740992', '-9007199254740992', '1.1', '1.0', '1e3', '-0']) {
    for (const path of ['send/my.type/t', 'state/my.type']) {
      const call = api.call('PUT', 'alice', `/v3/rooms/${room}/${path}`, { raw: `{"body":${number}}` });
      assert.deepEqual(await refusal(call), [400, 'M_BAD_JSON'], `${path} ${number}`);
    }
  }
  for (const raw of ['{"body":NaN}', '{"body":Infinity}', '[]', '"text"', '{"a":1,"a":2}']) {
    const call = api.call('PUT', 'alice', `/v3/rooms/${room}/send/my.type/t`, { raw });
    assert.equal((await call).status, 400, raw);
  }
});

onEachDatabase('what one may not send is refused', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const send = (who: string, type: string, body: object, where = room, as?: object) =>
    refusal(api.put(who, `/v3/rooms/${where}/send/${type}/${Math.random()}`, body, as));
  assert.deepEqual(await send('bob', 'm.room.message', TEXT), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await send('alice', 'm.room.message', TEXT, '!nowhere:one.example'), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await send('alice', 'm.room.create', {}), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await send('alice', 'm.room.member', { membership: 'leave' }), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await send('alice', 'm.room.message', TEXT, room, { isSuspended: true }), [403, 'M_USER_SUSPENDED']);
  assert.deepEqual(await send('alice', 'm.room.redaction', {}), [400, 'M_BAD_JSON']);
  const root = await api.say('alice', room, 'root');
  const reaction = { 'm.relates_to': { rel_type: 'm.annotation', event_id: root, key: '👍' } };
  assert.deepEqual(await send('alice', 'm.reaction', reaction), [200, undefined]);
  assert.deepEqual(await send('alice', 'm.reaction', reaction), [400, 'M_DUPLICATE_ANNOTATION']);
  const reply = await api.say('alice', room, 're', { 'm.relates_to': { rel_type: 'm.thread', event_id: root } });
  const nested = { ...TEXT, 'm.relates_to': { rel_type: 'm.thread', event_id: reply } };
  assert.deepEqual(await send('alice', 'm.room.message', nested), [400, 'M_UNKNOWN']);
});

onEachDatabase('only appservices date their events themselves', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  const send = async (txn: string, as?: object) => {
    const path = `/v3/rooms/${room}/send/m.room.message/${txn}?ts=1234`;
    const { event_id } = await api.ok(api.put('alice', path, TEXT, as));
    return (await api.ok(api.get('alice', `/v3/rooms/${room}/event/${event_id}`))).origin_server_ts;
  };
  assert.notEqual(await send('a'), 1234);
  const bridge = { appservice: { id: 'irc', rateLimited: false }, deviceId: undefined };
  assert.equal(await send('b', bridge), 1234);
  for (const ts of ['', 'x', '-1', '1.5', '9007199254740992']) {
    const answer = api.put('alice', `/v3/rooms/${room}/send/m.room.message/t${ts}?ts=${ts}`, TEXT, bridge);
    assert.deepEqual(await refusal(answer), [400, 'M_INVALID_PARAM'], ts);
  }
});

onEachDatabase('redactions strip events in rooms of every age, by either endpoint', async (db, t) => {
  const api = new RoomApi(db, t);
  for (const room_version of ['1', '2', '6', '10', '11', '12']) {
    const room = await api.create('alice', { preset: 'public_chat', room_version });
    await api.join('bob', room);
    const mine = await api.say('bob', room, 'mine');
    const hers = await api.say('alice', room, 'hers');
    const redact = (who: string, id: string, as?: object) =>
      api.put(who, `/v3/rooms/${room}/redact/${encodeURIComponent(id)}/r${Math.random()}`, { reason: 'oops' }, as);
    assert.deepEqual(await refusal(redact('bob', hers)), [403, 'M_FORBIDDEN'], room_version);
    assert.deepEqual(await refusal(redact('bob', '$unknown')), [404, 'M_NOT_FOUND']);
    const elsewhere = await api.say('alice', await api.create('alice', { room_version }), 'elsewhere');
    assert.deepEqual(await refusal(redact('alice', elsewhere)), [400, 'M_INVALID_PARAM']);
    assert.deepEqual(await refusal(redact('alice', mine, { isSuspended: true })), [403, 'M_USER_SUSPENDED']);
    const { event_id: by } = await api.ok(redact('bob', mine, { isSuspended: true }));
    const path = `/v3/rooms/${room}/send/m.room.redaction/s`;
    await api.ok(api.put('alice', path, { redacts: hers, reason: 'too' }));
    for (const id of [mine, hers]) {
      const event = await api.ok(api.get('bob', `/v3/rooms/${room}/event/${encodeURIComponent(id)}`));
      assert.deepEqual(event.content, {}, room_version);
      const because = (event.unsigned as JsonObject).redacted_because as JsonObject;
      assert.equal(because.redacts, id);
      assert.equal((because.content as JsonObject).redacts, id);
      if (id === mine) assert.equal(because.event_id, by);
    }
  }
});

onEachDatabase('types and state keys may hold any character, NUL too', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice');
  for (const name of ['\0', 'a\0b', '\u{10ffff}', '\\u0000']) {
    const part = encodeURIComponent(name);
    const sent = await api.ok(api.put('alice', `/v3/rooms/${room}/send/${part}/${part}`, {}));
    assert.equal((await api.ok(api.get('alice', `/v3/rooms/${room}/event/${sent.event_id}`))).type, name);
    const path = `/v3/rooms/${room}/state/org.example.${part}/${part}`;
    await api.ok(api.put('alice', path, { name }));
    assert.deepEqual(await api.ok(api.get('alice', path)), { name });
  }
});
