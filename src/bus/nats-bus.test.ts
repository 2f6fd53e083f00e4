import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { BusWorld, type ConnectedBus, eventually, hurriedClock } from '../../test/support/bus.ts';
import { skipWithoutNats, TestNats } from '../../test/support/nats.ts';
import { BEAT_MS, LARGEST_MESSAGE_BYTES } from './nats-bus.ts';
import { WINDOW_BYTES } from './nats-session.ts';

const options = { skip: skipWithoutNats, timeout: 180_000 };
/** Ten seconds pass in each one. */
const clock = hurriedClock(10);

function messagesAt({ bus }: ConnectedBus): string[] {
  const heard: string[] = [];
  bus.subscribe('news', message => heard.push(message));
  return heard;
}

function socketsNow(): number {
  return process.getActiveResourcesInfo().filter(name => name === 'TCPSocketWrap').length;
}

test('a process starts without NATS, says so once, and is connected when there is one', options, async t => {
  const world = await BusWorld.start(t, await TestNats.make());
  const [one, other] = [await world.connect({ clock }), await world.connect({ clock })];
  assert.equal(one.bus.status().isConnected, false);
  assert.match(one.bus.status().problem ?? '', /ECONNREFUSED/);
  const [own, heard] = [messagesAt(one), messagesAt(other)];
  one.bus.publish('news', 'nobody else hears this');
  await eventually(() => own.length === 1);
  await eventually(() => one.missed() >= 3);
  assert.equal(one.warnings.length, 1, 'one warning, not one for each try');
  await world.nats.start();
  await eventually(() => one.bus.status().isConnected && other.bus.status().isConnected);
  one.bus.publish('news', 'this is heard');
  await eventually(() => heard.length === 1);
  assert.deepEqual(heard, ['this is heard']);
  assert.equal(one.counts.get('disconnected'), 1);
});

test('a restart of NATS loses messages, and everybody is told that it did', options, async t => {
  const world = await BusWorld.start(t);
  const [one, other] = [await world.connect({ clock }), await world.connect({ clock })];
  const heard = messagesAt(other);
  one.bus.publish('news', 'before');
  await eventually(() => heard.length === 1);
  await world.nats.kill();
  await eventually(() => !one.bus.status().isConnected && !other.bus.status().isConnected);
  const before = other.missed();
  one.bus.publish('news', 'lost');
  await eventually(() => other.missed() > before + 2);
  await world.nats.start();
  await eventually(() => one.bus.status().isConnected && other.bus.status().isConnected);
  one.bus.publish('news', 'after');
  await eventually(() => heard.length === 2);
  assert.deepEqual(heard, ['before', 'after']);
  await isQuiet(other);
});

/**
 * Once everything is well again nobody is told any more that something may have been lost. A machine that stands still for
 * two beats loses something indeed: it is given several tries.
 */
async function isQuiet(bus: ConnectedBus): Promise<void> {
  for (let tries = 0, then = Number.NaN; then !== bus.missed(); tries++) {
    assert.ok(tries < 20, 'it never came to rest');
    then = bus.missed();
    await wait((3 * BEAT_MS) / 10);
  }
}

test(
  'a NATS server that stands still costs no memory and no connections, and what is lost is told',
  options,
  async t => {
    const world = await BusWorld.start(t);
    const [one, other] = [await world.connect({ clock }), await world.connect({ clock })];
    const [own, heard] = [messagesAt(one), messagesAt(other)];
    const sockets = socketsNow();
    world.nats.freeze();
    const big = 'x'.repeat(256 * 1024);
    const sentBefore = one.counts.get('sent') ?? 0;
    for (let number = 0; number < 200; number++) one.bus.publish('news', big);
    await eventually(() => own.length === 200);
    const sent = (one.counts.get('sent') ?? 0) - sentBefore;
    assert.ok(sent > 0 && sent * big.length <= WINDOW_BYTES, `${sent} of 50 MiB are waiting`);
    assert.equal(one.counts.get('full'), 200 - sent);
    await eventually(() => one.missed() > 2 && other.missed() > 2);
    await eventually(() => !one.bus.status().isConnected && !other.bus.status().isConnected);
    await wait(3000);
    assert.ok(socketsNow() <= sockets, `${socketsNow()} sockets, ${sockets} before`);
    world.nats.thaw();
    await eventually(() => one.bus.status().isConnected && other.bus.status().isConnected);
    one.bus.publish('news', 'after');
    await eventually(() => heard.at(-1) === 'after');
    await isQuiet(other);
  },
);

test('the loss of a last message is noticed, and of what is too large to be sent', options, async t => {
  const world = await BusWorld.start(t);
  const [one, other] = [await world.connect({ clock }), await world.connect({ clock })];
  const own = messagesAt(one);
  one.bus.publish('news', 'x'.repeat(LARGEST_MESSAGE_BYTES + 1));
  one.bus.publish('y'.repeat(3000), '');
  await eventually(() => own.length === 1);
  assert.equal(one.counts.get('large'), 2);
  await eventually(() => other.missed() === 1);
  assert.equal(other.bus.status().others, 1);
});

test('who ends says good-bye, and nobody waits for it', options, async t => {
  const world = await BusWorld.start(t);
  const other = await world.connect({ clock });
  // No time passes there: only a good-bye can tell it.
  const still = await world.connect({ clock: { ...clock, monotonic: () => 0 } });
  const one = await world.connect({ clock });
  one.bus.publish('news', 'something');
  await eventually(() => [other, still].every(({ bus }) => bus.status().others === 2));
  await one.bus[Symbol.asyncDispose]();
  await eventually(() => [other, still].every(({ bus }) => bus.status().others === 1));
  await isQuiet(other);
});

test('a process that lives and is not heard may be cut off alone', options, async t => {
  const world = await BusWorld.start(t);
  const one = await world.connect({ clock });
  const other = await world.connect({ clock });
  await eventually(() => one.bus.status().others === 1);
  await isQuiet(one);
  one.bus.expectOthers(1);
  await isQuiet(one);
  one.bus.expectOthers(2);
  const before = one.missed();
  await eventually(() => one.missed() > before + 1);
  one.bus.expectOthers(1);
  await isQuiet(one);
  await other.bus[Symbol.asyncDispose]();
  const then = one.missed();
  await eventually(() => one.missed() > then + 1);
});

test('clusters that share a NATS server do not hear each other', options, async t => {
  const world = await BusWorld.start(t);
  const [one, other] = [await world.connect({ clock }), await world.connect({ cluster: 'one.example.>', clock })];
  const heard = messagesAt(other);
  one.bus.publish('news', 'not for you');
  await wait((2 * BEAT_MS) / 10);
  assert.deepEqual([heard.length, other.bus.status().others, other.counts.get('unreadable')], [0, 0, undefined]);
});

test('what no Copse has sent is passed over', options, async t => {
  const world = await BusWorld.start(t);
  const one = await world.connect();
  const heard = messagesAt(one);
  const { connect } = await import('@nats-io/transport-node');
  const stranger = await connect({ servers: world.nats.url });
  t.after(() => stranger.close());
  const prefix = 'copse.one=2Eexample';
  for (const subject of ['hint.news', 'hint', 'beat', 'bye', 'hint.=F', 'what.is.that'])
    for (const text of ['', '\n', 'no number\n', 'sender 99999999999999999999\n', 'two lines\nof text'])
      stranger.publish(`${prefix}.${subject}`, text);
  stranger.publish(`${prefix}.hint.news`, 'stranger 1\nhello');
  await eventually(() => heard.length > 0);
  assert.deepEqual(heard, ['hello']);
  assert.deepEqual(world.errors, []);
  assert.equal(one.counts.get('unreadable'), 30);
});

async function guarded(t: TestContext, ...flags: string[]): Promise<BusWorld> {
  return BusWorld.start(t, await TestNats.start(...flags));
}

test('names, passwords and tokens stand in the URL, and wrong ones are told', options, async t => {
  const world = await guarded(t, '--user', 'copse', '--pass', 'p@ss/word');
  const at = (who: string) => ({ url: `nats://${who}127.0.0.1:${world.nats.port}` });
  const right = await world.connect(at('copse:p%40ss%2Fword@'));
  assert.equal(right.bus.status().isConnected, true);
  for (const who of ['', 'copse:wrong@']) {
    const wrong = await world.connect(at(who));
    assert.match(wrong.bus.status().problem ?? '', /[Aa]uthorization/);
    assert.match(wrong.warnings[0] ?? '', /[Aa]uthorization/);
    assert.doesNotMatch(wrong.warnings[0] ?? '', /wrong/);
  }
  const another = await guarded(t, '--auth', 's3cret');
  const byToken = await another.connect({ url: `nats://s3cret@127.0.0.1:${another.nats.port}` });
  assert.equal(byToken.bus.status().isConnected, true);
});

test('of several servers one that is there is taken', options, async t => {
  const [gone, world] = [await TestNats.make(), await BusWorld.start(t)];
  const one = await world.connect({ url: `${gone.url},${world.nats.url}`, clock });
  await eventually(() => one.bus.status().isConnected);
  assert.equal(one.bus.status().server, `127.0.0.1:${world.nats.port}`);
});
