import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { numberedEvents, type PushUser, PushWorld, pusherBody } from '../../../../test/support/push.ts';
import { silentLog } from '../../../base/log.ts';
import { type Json, type JsonObject, parseJson } from '../../../core/json.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import type { Database } from '../../../db/database.ts';
import { NotificationHistory } from '../../../push/notification-history.ts';
import { HttpServer } from '../../server.ts';
import { pushRoutes } from './routes.ts';

type Call = (method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: Json) => Promise<[number, JsonObject]>;

async function served(
  db: Database,
  run: (call: Call, world: PushWorld, bob: PushUser) => Promise<void>,
): Promise<void> {
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  const requester = { ...bob, isAdmin: false, isGuest: false, isSuspended: false, tokenNid: 1, appservice: undefined };
  const server = new HttpServer({
    log: silentLog,
    trustedProxies: [],
    countRequest() {},
    async authenticate(token) {
      if (token !== 'bob') throw new MatrixError('M_UNKNOWN_TOKEN', 'Who?');
      return requester;
    },
  });
  const notificationHistory = new NotificationHistory({ db, events: numberedEvents });
  server.add(pushRoutes({ pushRules: world.pushRules, pushers: world.pushers, notificationHistory }));
  const call: Call = async (method, path, body) => {
    const answer = await server.app.inject({
      method,
      url: `/_matrix/client/v3${path}`,
      headers: { authorization: 'Bearer bob', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    return [answer.statusCode, parseJson(answer.body, 'lenient') as JsonObject];
  };
  try {
    await run(call, world, bob);
  } finally {
    await server.close();
  }
}

const errorOf = ([status, body]: [number, JsonObject]) => [status, body.errcode];

onEachDatabase('/pushrules: the examples of the specification', async db => {
  await served(db, async call => {
    const cake = { pattern: 'cake', actions: ['notify', { set_tweak: 'sound', value: 'cakealarm.wav' }] };
    assert.deepEqual(await call('PUT', '/pushrules/global/room/%21dj234r78wl45Gh4D%3Amatrix.org', { actions: [] }), [
      200,
      {},
    ]);
    assert.deepEqual(await call('PUT', '/pushrules/global/sender/%40spambot%3Amatrix.org', { actions: [] }), [200, {}]);
    assert.deepEqual(await call('PUT', '/pushrules/global/content/SSByZWFsbHkgbGlrZSBjYWtl', cake), [200, {}]);
    const lie = { pattern: 'cake*lie', actions: ['notify'] };
    assert.deepEqual(
      await call('PUT', '/pushrules/global/content/U3BvbmdlIGNha2UgaXMgYmVzdA?before=SSByZWFsbHkgbGlrZSBjYWtl', lie),
      [200, {}],
    );
    const beer = {
      conditions: [
        { kind: 'event_match', key: 'content.body', pattern: 'beer' },
        { kind: 'room_member_count', is: '<=10' },
      ],
      actions: ['notify', { set_tweak: 'sound', value: 'beeroclock.wav' }],
    };
    assert.deepEqual(await call('PUT', '/pushrules/global/override/U2VlIHlvdSBpbiBUaGUgRHVrZQ', beer), [200, {}]);
    const [, { global }] = await call('GET', '/pushrules/');
    assert.deepEqual((await call('GET', '/pushrules'))[1].global, global);
    assert.deepEqual((await call('GET', '/pushrules/global'))[1], global);
    assert.deepEqual((await call('GET', '/pushrules/global/'))[1], global);
    const { content, room, sender, override } = global as Record<string, JsonObject[]>;
    assert.deepEqual(
      content?.map(rule => rule.pattern),
      ['cake*lie', 'cake', 'bob'],
    );
    assert.deepEqual(
      [room?.[0]?.rule_id, sender?.[0]?.rule_id],
      ['!dj234r78wl45Gh4D:matrix.org', '@spambot:matrix.org'],
    );
    assert.deepEqual(override?.[1], { rule_id: 'U2VlIHlvdSBpbiBUaGUgRHVrZQ', default: false, enabled: true, ...beer });
  });
});

onEachDatabase('/pushrules: one rule, whether it is enabled, its actions', async db => {
  await served(db, async call => {
    const rule = '/pushrules/global/content/nocake';
    await call('PUT', rule, { pattern: 'cake*lie', actions: [] });
    assert.deepEqual(await call('GET', rule), [
      200,
      { actions: [], pattern: 'cake*lie', rule_id: 'nocake', enabled: true, default: false },
    ]);
    assert.deepEqual(await call('PUT', `${rule}/enabled`, { enabled: false }), [200, {}]);
    assert.deepEqual(await call('GET', `${rule}/enabled`), [200, { enabled: false }]);
    const actions = ['notify', { set_tweak: 'highlight' }];
    assert.deepEqual(await call('PUT', `${rule}/actions`, { actions }), [200, {}]);
    assert.deepEqual(await call('GET', `${rule}/actions`), [200, { actions }]);
    assert.deepEqual(await call('DELETE', rule), [200, {}]);
    assert.deepEqual(errorOf(await call('GET', rule)), [404, 'M_NOT_FOUND']);
    const master = '/pushrules/global/override/.m.rule.master';
    assert.deepEqual(await call('PUT', `${master}/enabled`, { enabled: true }), [200, {}]);
    assert.deepEqual(await call('GET', `${master}/enabled`), [200, { enabled: true }]);
  });
});

onEachDatabase('/pushrules: errors', async db => {
  await served(db, async call => {
    const none = '/pushrules/global/content/none';
    const rule = { pattern: 'x', actions: [] };
    for (const path of [none, '/pushrules/global/postcontent/.a.rule.of.another.server']) {
      for (const answer of [
        await call('GET', path),
        await call('DELETE', path),
        await call('GET', `${path}/enabled`),
        await call('PUT', `${path}/enabled`, { enabled: true }),
        await call('GET', `${path}/actions`),
        await call('PUT', `${path}/actions`, { actions: [] }),
      ])
        assert.deepEqual(errorOf(answer), [404, 'M_NOT_FOUND'], path);
    }
    for (const path of ['/pushrules/global/strange/x', '/pushrules/global/toString/x'])
      assert.deepEqual(errorOf(await call('PUT', path, rule)), [400, 'M_INVALID_PARAM']);
    for (const ruleId of ['.m.rule.master', '.own', 'a%2Fb', 'a%5Cb'])
      assert.deepEqual(errorOf(await call('PUT', `/pushrules/global/content/${ruleId}`, rule)), [
        400,
        'M_INVALID_PARAM',
      ]);
    assert.deepEqual(errorOf(await call('PUT', `${none}?before=someRuleId`, rule)), [400, 'M_UNKNOWN']);
    assert.deepEqual(errorOf(await call('PUT', none, { pattern: 'x' })), [400, 'M_MISSING_PARAM']);
    assert.deepEqual(errorOf(await call('PUT', `${none}/enabled`, {})), [400, 'M_MISSING_PARAM']);
    assert.deepEqual(errorOf(await call('PUT', `${none}/enabled`, { enabled: 'yes' })), [400, 'M_BAD_JSON']);
    assert.deepEqual(errorOf(await call('PUT', none, { pattern: 'x'.repeat(65_536), actions: [] })), [
      413,
      'M_TOO_LARGE',
    ]);
    assert.deepEqual(errorOf(await call('GET', '/pushrules/device/')), [404, 'M_UNRECOGNIZED']);
  });
});

onEachDatabase('/pushers: set, list, delete, errors', async db => {
  await served(db, async call => {
    assert.deepEqual(await call('GET', '/pushers'), [200, { pushers: [] }]);
    assert.deepEqual(await call('POST', '/pushers/set', pusherBody({ append: false })), [200, {}]);
    assert.deepEqual(await call('GET', '/pushers'), [200, { pushers: [pusherBody()] }]);
    const { kind: _, ...without } = pusherBody();
    assert.deepEqual(errorOf(await call('POST', '/pushers/set', without)), [400, 'M_MISSING_PARAM']);
    assert.deepEqual(errorOf(await call('POST', '/pushers/set', { kind: 'http', app_id: 'a', pushkey: 'k' })), [
      400,
      'M_MISSING_PARAM',
    ]);
    assert.deepEqual(errorOf(await call('POST', '/pushers/set', pusherBody({ kind: 'email' }))), [
      400,
      'M_INVALID_PARAM',
    ]);
    assert.deepEqual(errorOf(await call('POST', '/pushers/set', pusherBody({ app_id: 7 }))), [400, 'M_BAD_JSON']);
    const gone = { kind: null, app_id: 'org.example.app', pushkey: 'key' };
    assert.deepEqual(await call('POST', '/pushers/set', gone), [200, {}]);
    assert.deepEqual(await call('POST', '/pushers/set', gone), [200, {}], 'deleting what is gone is no error');
    assert.deepEqual(await call('GET', '/pushers'), [200, { pushers: [] }]);
  });
});

onEachDatabase('/notifications: pages, highlights, errors', async db => {
  await served(db, async (call, world, bob) => {
    for (const nid of [1, 2, 3]) await world.notify(bob, nid, { highlight: nid === 1 });
    const ids = (body: JsonObject) =>
      (body.notifications as { event: { event_id: string } }[]).map(item => item.event.event_id);
    const [status, first] = await call('GET', '/notifications?limit=2');
    assert.deepEqual([status, ids(first)], [200, ['$3', '$2']]);
    const [, second] = await call('GET', `/notifications?limit=2&from=${first.next_token}`);
    assert.deepEqual([ids(second), 'next_token' in second], [['$1'], false]);
    assert.deepEqual(ids((await call('GET', '/notifications?only=highlight'))[1]), ['$1']);
    assert.deepEqual(errorOf(await call('GET', '/notifications?from=x')), [400, 'M_INVALID_PARAM']);
    assert.deepEqual(errorOf(await call('GET', '/notifications?limit=0')), [400, 'M_INVALID_PARAM']);
  });
});
