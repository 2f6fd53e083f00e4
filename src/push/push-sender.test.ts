import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { onEachDatabase } from '../../test/support/databases.ts';
import { numberedEvents, type PushUser, PushWorld, pusherBody, until } from '../../test/support/push.ts';
import { waitAfter } from '../base/backoff.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import type { JsonObject } from '../core/json.ts';
import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import type { PushEvents, PushTransport } from './ports.ts';
import { PACE, PushSender } from './push-sender.ts';

interface Notification {
  readonly event_id?: string;
  readonly counts: JsonObject;
  readonly devices: readonly { readonly pushkey: string; readonly pushkey_ts: number }[];
}

type Answer = { readonly status: number; readonly body?: string; readonly retryAfter?: number } | 'hang' | 'reset';

/** A push gateway that answers as it is told, on a local HTTP server. */
class Gateway implements AsyncDisposable {
  readonly got: Notification[] = [];
  answer: (notification: Notification) => Answer = () => ({ status: 200, body: '{"rejected":[]}' });
  readonly #server = createServer(async (request, response) => {
    const { notification } = JSON.parse(await textOf(request)) as { notification: Notification };
    this.got.push(notification);
    const answer = this.answer(notification);
    if (answer === 'hang') return;
    if (answer === 'reset') return void request.socket.destroy();
    response.writeHead(
      answer.status,
      answer.retryAfter === undefined ? {} : { 'retry-after': String(answer.retryAfter) },
    );
    response.end(answer.body ?? '{}');
  });

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  /** Leads every URL, `https` as they are, to this server. */
  readonly transport: PushTransport = {
    send: async (url, body, signal) => {
      const { port } = this.#server.address() as AddressInfo;
      const own = `http://127.0.0.1:${port}${new URL(url).pathname}`;
      const response = await fetch(own, { method: 'POST', body, signal });
      const after = response.headers.get('retry-after');
      return {
        status: response.status,
        body: await response.text(),
        retryAfterMs: after === null ? undefined : Number(after) * 1000,
      };
    },
  };

  get events(): (string | undefined)[] {
    return this.got.map(notification => notification.event_id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

interface Setting {
  readonly world: PushWorld;
  readonly gateway: Gateway;
  readonly bob: PushUser;
  readonly sender: PushSender;
  /** Advances the sender's clock. */
  pass(ms: number): void;
  /** Sends what is due until nothing is under way. */
  send(): Promise<void>;
}

async function withGateway(
  db: Database,
  run: (setting: Setting) => Promise<void>,
  events: PushEvents = numberedEvents,
) {
  await using gateway = await new Gateway().listen();
  const world = new PushWorld(db);
  const bob = await world.user('bob');
  let skipped = 0;
  const clock: Clock = { ...systemClock, now: () => Date.now() + skipped };
  const parts = { db, bus: world.bus, nids: world.nids, clock, random: systemRandom, log: silentLog, events };
  const sender = new PushSender({ ...parts, transport: gateway.transport });
  const signal = new AbortController().signal;
  const send = async () => {
    await sender.startDue(signal);
    await sender.drain();
  };
  await run({ world, gateway, bob, sender, pass: ms => (skipped += ms), send });
}

const queueLength = async (db: Database) => (await db.all(sql`select nid from push_queue`)).length;
const now = (): { ts: number } => ({ ts: Date.now() });

onEachDatabase('sender: tells the gateway in order, with counts, and forgets', async db => {
  await withGateway(db, async ({ world, gateway, bob, send }) => {
    await world.notify(bob, 1);
    await world.pushers.set(bob, pusherBody());
    await world.notify(bob, 2);
    await world.notify(bob, 3, { highlight: true, actions: '["notify",{"set_tweak":"highlight"}]' });
    await send();
    assert.deepEqual(gateway.events, ['$2', '$3'], 'what came before the pusher is not pushed');
    assert.deepEqual(gateway.got[1], {
      event_id: '$3',
      room_id: '!room1:a.example',
      prio: 'high',
      counts: { unread: 3 },
      devices: [
        {
          app_id: 'org.example.app',
          pushkey: 'key',
          pushkey_ts: gateway.got[1]?.devices[0]?.pushkey_ts,
          data: { format: 'event_id_only', custom: 1 },
          tweaks: { highlight: true },
        },
      ],
    });
    assert.equal(await queueLength(db), 0);
    await send();
    assert.equal(gateway.got.length, 2);
  });
});

onEachDatabase('sender: what has been read is not pushed; the badge is', async db => {
  await withGateway(db, async ({ world, gateway, bob, send }) => {
    await world.pushers.set(bob, pusherBody());
    for (const nid of [1, 2, 3]) await world.notify(bob, nid);
    await db.tx(tx => world.notifications.clearUpTo(tx, bob.userNid, 1, undefined, 1));
    await db.tx(tx => world.notifications.clearUpTo(tx, bob.userNid, 1, undefined, 2));
    await send();
    assert.deepEqual(gateway.events, ['$3', undefined], 'one badge update for both receipts');
    assert.deepEqual(
      gateway.got.map(notification => notification.counts),
      [{ unread: 1 }, { unread: 1 }],
    );
  });
});

onEachDatabase('sender: a failing gateway is tried again with growing pauses that outlive a restart', async db => {
  await withGateway(db, async ({ world, gateway, bob, pass, send }) => {
    await world.pushers.set(bob, pusherBody());
    await world.notify(bob, 1, now());
    const answers: Answer[] = [{ status: 503 }, 'reset', { status: 429, retryAfter: 600 }];
    gateway.answer = () => answers.shift() ?? { status: 200 };
    await send();
    await send();
    assert.equal(gateway.got.length, 1, 'not before the pause is over');
    pass(3_000);
    await send();
    assert.equal(gateway.got.length, 2);
    pass(2_000);
    await send();
    assert.equal(gateway.got.length, 2, 'the second pause is longer');
    pass(4_000);
    await send();
    assert.equal(gateway.got.length, 3);
    pass(590_000);
    await send();
    assert.equal(gateway.got.length, 3, 'Retry-After counts');
    pass(20_000);
    await world.notify(bob, 2, now());
    await send();
    assert.deepEqual(gateway.events, ['$1', '$1', '$1', '$1', '$2']);
    const pusher = await db.get<{ tries: number; next_try_at: number }>(sql`select tries, next_try_at from pusher`);
    assert.deepEqual([pusher?.tries, pusher?.next_try_at], [0, 0]);
  });
});

onEachDatabase('sender: a poisoned notification is left out, the others go on', async db => {
  const events: PushEvents = {
    ...numberedEvents,
    async forGateway(db, userNid, roomNid, eventNid) {
      if (eventNid === 2) throw new TypeError('a malformed event');
      return numberedEvents.forGateway(db, userNid, roomNid, eventNid);
    },
  };
  await withGateway(
    db,
    async ({ world, gateway, bob, send }) => {
      await world.pushers.set(bob, pusherBody());
      for (const nid of [1, 2, 3]) await world.notify(bob, nid);
      await world.notify(bob, 4, { actions: '[' });
      await world.notify(bob, 2000);
      await world.notify(bob, 5);
      gateway.answer = ({ event_id }) => ({ status: event_id === '$3' ? 413 : 200 });
      await send();
      assert.deepEqual(gateway.events, ['$1', '$3', '$5']);
      assert.equal(await queueLength(db), 0);
    },
    events,
  );
});

onEachDatabase('sender: a rejected pushkey goes, that of somebody else does not', async db => {
  await withGateway(db, async ({ world, gateway, bob, send }) => {
    const carol = await world.user('carol');
    await world.pushers.set(bob, pusherBody({ pushkey: 'bob' }));
    await world.pushers.set(carol, pusherBody({ pushkey: 'carol' }));
    gateway.answer = () => ({ status: 200, body: '{"rejected":["bob"]}' });
    for (const nid of [1, 2]) for (const user of [bob, carol]) await world.notify(user, nid);
    await send();
    assert.equal(gateway.got.filter(notification => notification.devices[0]?.pushkey === 'bob').length, 1);
    assert.deepEqual(await world.pushers.list(bob.userNid), []);
    assert.equal((await world.pushers.list(carol.userNid)).length, 1);
    assert.equal(await queueLength(db), 0);
  });
});

onEachDatabase('sender: nonsense from a gateway does no harm', async db => {
  await withGateway(db, async ({ world, gateway, bob, send }) => {
    await world.pushers.set(bob, pusherBody());
    const bodies = ['', 'null', '[]', '{"rejected":"key"}', '{"rejected":{"key":1}}', '<html>'];
    for (const at of bodies.keys()) await world.notify(bob, at + 1);
    gateway.answer = ({ event_id }) => ({ status: 200, body: bodies[Number(event_id?.slice(1)) - 1] ?? '' });
    await send();
    assert.equal(gateway.got.length, bodies.length);
    assert.equal((await world.pushers.list(bob.userNid)).length, 1);
  });
});

onEachDatabase('sender: what a dead gateway has not taken is bounded and given up after a day', async db => {
  await withGateway(db, async ({ world, gateway, bob, pass, send }) => {
    await world.pushers.set(bob, pusherBody());
    const rows = Array.from({ length: 600 }, (_, at) => ({
      userNid: bob.userNid,
      roomNid: 1,
      pos: at + 1,
      eventNid: at + 1,
      thread: 'main',
      highlight: false,
      actions: '["notify"]',
      ts: Date.now(),
    }));
    await db.tx(tx => world.notifications.add(tx, rows));
    gateway.answer = () => ({ status: 500 });
    await send();
    assert.equal(await queueLength(db), 500);
    pass(25 * 3600_000);
    await send();
    assert.deepEqual([gateway.got.length, await queueLength(db)], [2, 0]);
    gateway.answer = () => ({ status: 200 });
    await world.notify(bob, 601, now());
    pass(3600_000);
    await send();
    assert.equal(gateway.got.length, 3);
  });
});

onEachDatabase('sender: what failed while the clock was ahead is tried again once it is right', async db => {
  await withGateway(db, async ({ world, gateway, bob, pass, send }) => {
    await world.pushers.set(bob, pusherBody());
    const yearMs = 365 * 24 * 3600_000;
    pass(yearMs);
    gateway.answer = () => ({ status: 503 });
    await world.notify(bob, 1, { ts: Date.now() + yearMs });
    await send();
    gateway.answer = () => ({ status: 200 });
    await send();
    assert.equal(gateway.got.length, 1, 'it waits');
    pass(-yearMs);
    await send();
    assert.deepEqual([gateway.got.length, await queueLength(db)], [2, 0]);
  });
});

onEachDatabase('sender: a hanging gateway holds up no other, and stopping ends the wait', async (db, t) => {
  await withGateway(db, async ({ world, gateway, bob, sender }) => {
    const slow = { url: 'https://slow.example/_matrix/push/v1/notify' };
    for (let at = 0; at < 40; at++) await world.pushers.set(bob, pusherBody({ pushkey: `slow${at}`, data: slow }));
    await world.pushers.set(bob, pusherBody({ pushkey: 'fast' }));
    gateway.answer = ({ devices }) => (devices[0]?.pushkey === 'fast' ? { status: 200 } : 'hang');
    const stop = new AbortController();
    const running = sender.run(stop.signal);
    await world.notify(bob, 1);
    await until(t, () => gateway.got.some(notification => notification.devices[0]?.pushkey === 'fast'));
    assert.ok(gateway.got.length <= 5, 'four requests to one host at most');
    await world.notify(bob, 2);
    await until(t, () => gateway.events.includes('$2'));
    stop.abort();
    await running;
    assert.equal(await queueLength(db), 80, 'what was under way is kept');
    assert.equal((await db.all(sql`select nid from pusher where tries > 0`)).length, 0);
  });
});

test('backoff doubles, is spread by a fifth, and ends at an hour', () => {
  const spread = (tries: number) => {
    const waits = Array.from({ length: 200 }, () => waitAfter(PACE, tries, undefined, systemRandom));
    return [Math.min(...waits), Math.max(...waits)] as const;
  };
  for (const [tries, seconds] of [
    [1, 2],
    [2, 4],
    [3, 8],
    [12, 3600],
    [1000, 3600],
  ] as const) {
    const [least, most] = spread(tries);
    assert.ok(least >= seconds * 800 && most <= seconds * 1200, `${tries}: ${least} to ${most}`);
    assert.ok(most - least > seconds * 100);
  }
});
