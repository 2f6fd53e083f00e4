import assert from 'node:assert/strict';
import { type Loose, ratesWith } from '../../test/support/accounts.ts';
import { type Caller, withAdmin } from '../../test/support/admin-world.ts';
import type { JsonObject } from '../core/json.ts';

async function roomWith(host: Caller, ...guests: readonly Caller[]): Promise<string> {
  const made = await host.ok('POST', 'c/v3/createRoom', { preset: 'public_chat' });
  const room = encodeURIComponent(String(made.room_id));
  for (const guest of guests) await guest.ok('POST', `c/v3/join/${room}`, {});
  return room;
}

let sent = 0;
function say(who: Caller, room: string, body: string) {
  return who.call('PUT', `c/v3/rooms/${room}/send/m.room.message/t${sent++}`, { msgtype: 'm.text', body });
}

function bodiesIn(answer: Loose): unknown[] {
  const rooms = Object.values(answer.rooms?.join ?? {});
  return rooms.flatMap(room => ((room.timeline?.events ?? []) as unknown as Loose[]).map(event => event.content?.body));
}

withAdmin('N144 a sync token is a place in the logs and opens no door', async world => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const room = await roomWith(alice);
  await say(alice, room, 'among ourselves');
  await alice.ok('PUT', `c/v3/user/${alice.id}/account_data/org.example.secret`, { secret: 'of alice' });
  const start = String((await bob.ok('GET', 'c/v3/sync')).next_batch);
  const ofAlice = String((await alice.ok('GET', 'c/v3/sync')).next_batch);
  await say(alice, room, 'still among ourselves');
  const earliest = start
    .split('.')
    .map((part, at) => (at >= 1 && at <= 17 ? '0' : part))
    .join('.');
  for (const since of [ofAlice, earliest]) {
    const answer = JSON.stringify(await bob.ok('GET', `c/v3/sync?since=${since}`));
    assert.doesNotMatch(answer, /ourselves|of alice/, since);
  }
  for (const forged of [
    'x',
    'c1',
    'c2.0',
    start.replace('c1', 'c9'),
    `${start}.a.b`,
    `${start}'--`,
    's72595_4483_1934',
    '-1',
    '%00',
  ]) {
    await bob.refused(400, 'M_INVALID_PARAM', 'GET', `c/v3/sync?since=${forged}`);
  }
});

withAdmin('N144 a token from the future costs its owner nothing that comes after', async world => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const room = await roomWith(alice, bob);
  const now = String((await bob.ok('GET', 'c/v3/sync')).next_batch).split('.');
  const future = now.map((part, at) => (at >= 1 && at <= 17 ? 'zzzzzz' : part)).join('.');
  const answer = await bob.call('GET', `c/v3/sync?since=${future}`);
  await say(alice, room, 'news');
  if (answer.status === 400) return;
  const next = String(answer.body.next_batch);
  assert.deepEqual(bodiesIn(await bob.ok('GET', `c/v3/sync?since=${next}`)), ['news']);
});

withAdmin('N152 what orders and directs a list is one of a few words', async (world, root) => {
  const alice = await world.user('alice');
  const room = await roomWith(alice);
  const evil = [
    'name;drop table account',
    '(select password_hash from account)',
    'name desc--',
    '1',
    "name'",
    '__proto__',
    'constructor',
  ];
  for (const word of evil.map(encodeURIComponent)) {
    for (const list of ['v2/users', 'v1/rooms']) {
      await root.refused(400, 'M_INVALID_PARAM', 'GET', `${list}?order_by=${word}`);
      await root.refused(400, 'M_INVALID_PARAM', 'GET', `${list}?dir=${word}`);
    }
    await root.refused(400, 'M_INVALID_PARAM', 'GET', `v1/event_reports?dir=${word}`);
    await alice.refused(400, 'M_INVALID_PARAM', 'GET', `c/v3/rooms/${room}/messages?dir=${word}`);
    await alice.refused(400, 'M_INVALID_PARAM', 'GET', `c/v1/rooms/${room}/timestamp_to_event?ts=1&dir=${word}`);
  }
  const search = { search_categories: { room_events: { search_term: 'x', order_by: evil[0] ?? '' } } };
  await alice.refused(400, 'M_BAD_JSON', 'POST', 'c/v3/search', search);
  assert.equal((await root.ok('GET', 'v2/users?name=%25%27%29%20or%201%3D1--')).total, 0);
  assert.equal((await root.ok('GET', 'v2/users')).total, 2);
});

const few = { per_second: 0.001, burst: 3 };

withAdmin(
  'N166 delayed events, reports and OpenID tokens are limited',
  async world => {
    const alice = await world.user('alice');
    const room = await roomWith(alice);
    const event = String((await say(alice, room, 'x')).body.event_id);
    const later = 'org.matrix.msc4140.delay=60000';
    let txn = 0;
    const floods = [
      () => alice.call('POST', `c/v3/rooms/${room}/report/${encodeURIComponent(event)}`, { reason: 'x' }),
      () => alice.call('POST', `c/v3/user/${alice.id}/openid/request_token`, {}),
      () =>
        alice.call('PUT', `c/v3/rooms/${room}/send/m.room.message/d${txn++}?${later}`, {
          msgtype: 'm.text',
          body: 'x',
        }),
    ];
    for (const flood of floods) {
      const statuses = [];
      for (let i = 0; i < 4; i++) statuses.push((await flood()).status);
      assert.equal(statuses.at(-1), 429, String(flood));
      assert.equal(statuses[0], 200, String(flood));
    }
  },
  { rate_limits: ratesWith({ report: few, other: few, message: few }) },
);

withAdmin('N059 a member who is called by an object, a number or a book spoils nothing for the others', async world => {
  const [alice, bob, mallory] = [await world.user('alice'), await world.user('bob'), await world.user('mallory')];
  const room = await roomWith(alice, bob, mallory);
  const own = `c/v3/rooms/${room}/state/m.room.member/${mallory.id}`;
  const since = String((await bob.ok('GET', 'c/v3/sync')).next_batch);
  const odd: readonly JsonObject[] = [
    { displayname: { a: 1 }, avatar_url: 7 },
    { displayname: 7, avatar_url: ['mxc://x/y'] },
    { displayname: null, avatar_url: null },
    { displayname: 'x'.repeat(60_000), avatar_url: 'javascript:alert(1)' },
    { displayname: '\u202e\u0000\ud800', avatar_url: '' },
  ];
  for (const more of odd) {
    const { status } = await mallory.call('PUT', own, { membership: 'join', ...more });
    assert.ok(status === 200 || status === 400, `${status} ${JSON.stringify(more).slice(0, 50)}`);
    await say(mallory, room, 'hello bob');
    const answer = await bob.ok('GET', `c/v3/sync?since=${since}`);
    assert.equal(bodiesIn(answer).at(-1), 'hello bob');
    await bob.ok('GET', `c/v3/rooms/${room}/members`);
    await bob.ok('GET', 'c/v3/notifications');
    await bob.ok('POST', 'c/v3/user_directory/search', { search_term: 'mallory' });
    await bob.ok('POST', 'c/v3/search', { search_categories: { room_events: { search_term: 'hello' } } });
    const joined = await bob.ok('GET', `c/v3/rooms/${room}/joined_members`);
    for (const { display_name, avatar_url } of Object.values(joined.joined ?? {})) {
      for (const text of [display_name, avatar_url])
        assert.ok([undefined, null].includes(text as never) || typeof text === 'string');
    }
  }
  assert.deepEqual(await bob.ok('GET', `c/v3/profile/${mallory.id}`), { displayname: 'mallory' });
});

withAdmin(
  'N112 rules of a room against every server, this one among them, keep nobody of this server out',
  async world => {
    const [alice, bob] = [await world.user('alice'), await world.user('bob')];
    const room = await roomWith(alice);
    const rule = { entity: '*', recommendation: 'm.ban', reason: 'all of them' };
    await alice.ok('PUT', `c/v3/rooms/${room}/state/m.policy.rule.server/all`, rule);
    await alice.ok('PUT', `c/v3/rooms/${room}/state/m.policy.rule.user/all`, rule);
    await alice.ok('PUT', `c/v3/rooms/${room}/state/m.room.server_acl`, {
      allow: [],
      deny: ['*', world.config.server_name ?? '*'],
    });
    await bob.ok('POST', `c/v3/join/${room}`, {});
    assert.equal((await say(bob, room, 'still here')).status, 200);
  },
);

withAdmin('N107 hundreds who wait for one room are served in turn, and keep nobody waiting in another', async world => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const [busy, calm] = [await roomWith(alice), await roomWith(bob)];
  let answered = 0;
  const crowd = Array.from({ length: 300 }, async (_, i) => {
    const { status } = await say(alice, busy, String(i));
    answered++;
    return status;
  });
  await Promise.race(crowd);
  const before = answered;
  assert.equal((await say(bob, calm, 'in between')).status, 200);
  assert.ok(answered - before < 100, `${answered - before} of the crowd were served meanwhile`);
  assert.deepEqual([...new Set(await Promise.all(crowd))], [200]);
  const { chunk } = await alice.ok('GET', `c/v3/rooms/${busy}/messages?dir=b&limit=400`);
  const bodies = (chunk as unknown as Loose[]).flatMap(event => event.content?.body ?? []);
  assert.equal(new Set(bodies).size, 300);
});
