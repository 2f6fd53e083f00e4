import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { BusWorld, eventually } from '../../test/support/bus.ts';
import { skipWithoutNats } from '../../test/support/nats.ts';
import { type Bus, LocalBus } from './bus.ts';

/** One bus as two parts of a cluster see it: the same object in one process, two of them over NATS. */
interface Pair {
  readonly one: Bus;
  readonly other: Bus;
  readonly errors: unknown[];
}

/** What holds for each bus; what only one between processes can do wrong stands in nats-bus.test.ts. */
function onEachBus(title: string, run: (pair: Pair) => Promise<void>): void {
  test(`${title} (in process)`, async () => {
    const errors: unknown[] = [];
    const bus = new LocalBus(error => errors.push(error));
    await run({ one: bus, other: bus, errors });
  });
  test(`${title} (NATS)`, { skip: skipWithoutNats }, async (t: TestContext) => {
    const world = await BusWorld.start(t);
    const [one, other] = [await world.connect(), await world.connect()];
    await run({ one: one.bus, other: other.bus, errors: world.errors });
  });
}

onEachBus('a bus brings messages to all who listen, in their order and once', async ({ one, other }) => {
  const heard: string[] = [];
  for (const [name, bus] of [
    ['one', one],
    ['other', other],
  ] as const)
    bus.subscribe('news', message => heard.push(`${name} ${message}`));
  for (let number = 0; number < 200; number++) one.publish('news', String(number));
  await eventually(() => heard.length >= 400);
  for (const name of ['one', 'other']) {
    const numbers = heard.filter(line => line.startsWith(`${name} `)).map(line => Number(line.split(' ')[1]));
    assert.deepEqual(numbers, [...Array(200).keys()]);
  }
});

onEachBus('a bus calls nobody while a message is published', async ({ one }) => {
  let isPublishing = true;
  const heard: boolean[] = [];
  one.subscribe('news', () => heard.push(isPublishing));
  one.publish('news');
  isPublishing = false;
  await eventually(() => heard.length > 0);
  assert.deepEqual(heard, [false]);
});

onEachBus('a bus tells listeners of a subject nothing of others', async ({ one, other }) => {
  const heard: string[] = [];
  const subjects = ['a', 'a.b', 'a.*', '>', 'a b', '', '=', 'é\n\u{1F333}', 'x'.repeat(600)];
  for (const subject of subjects) other.subscribe(subject, message => heard.push(`${subject}: ${message}`));
  for (const subject of subjects) one.publish(subject, `of ${subject}`);
  await eventually(() => heard.length >= subjects.length);
  assert.deepEqual(
    heard,
    subjects.map(subject => `${subject}: of ${subject}`),
  );
});

onEachBus('a bus brings every text as it is', async ({ one, other }) => {
  const heard: string[] = [];
  other.subscribe('news', message => heard.push(message));
  const texts = ['', '\n', 'a\nb\n', '{"é":"\u{1F333}"}', ' MSG 1 2\r\n', 'y'.repeat(500_000)];
  for (const text of texts) one.publish('news', text);
  await eventually(() => heard.length >= texts.length);
  assert.deepEqual(heard, texts);
});

onEachBus('a bus goes on when a listener throws', async ({ one, other, errors }) => {
  const heard: string[] = [];
  other.subscribe('news', () => {
    throw new Error('on purpose');
  });
  other.subscribe('news', message => heard.push(message));
  one.publish('news', 'first');
  one.publish('news', 'second');
  await eventually(() => heard.length === 2 && errors.length === 2);
  assert.deepEqual(heard, ['first', 'second']);
  assert.match(String(errors[0]), /on purpose/);
});

onEachBus('a bus forgets who no longer listens, and nobody else', async ({ one, other }) => {
  const heard: string[] = [];
  const listener = (message: string) => void heard.push(message);
  const first = other.subscribe('news', listener);
  other.subscribe('news', listener);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  one.publish('news', 'once');
  await eventually(() => heard.length > 0);
  one.publish('news', 'again');
  await eventually(() => heard.length > 1);
  assert.deepEqual(heard, ['once', 'again']);
});

onEachBus('a bus that loses nothing says so', async ({ one, other }) => {
  let missed = 0;
  using _ = other.missed(() => missed++);
  const heard: string[] = [];
  other.subscribe('news', message => heard.push(message));
  for (const message of ['a', 'b', 'c']) one.publish('news', message);
  await eventually(() => heard.length === 3);
  assert.equal(missed, 0);
});
