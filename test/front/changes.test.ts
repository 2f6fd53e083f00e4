import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { FrontError } from '../../src/front/front-error.ts';
import { askFront, type FrontAnswer } from './ask-front.ts';
import { FrontWorld, recorders, WIKI } from './front-world.ts';
import { needs, PROGRAMS } from './programs.ts';
import type { Recorder } from './recorder.ts';

const sync = '/_matrix/client/v3/sync?since=x';
const room = (at: number) => `/_matrix/client/v3/rooms/!${at}:x/messages`;

/** Leaves one request without an answer, and gives what that is to be written to. */
function holdOne(process: Recorder): Promise<ServerResponse> {
  return new Promise(resolve => {
    process.answer = held => {
      process.answer = response => process.sendName(response);
      resolve(held);
    };
  });
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let left = 6000; left > 0; left--) {
    if (await isSo()) return;
    await wait(10);
  }
  assert.fail('it did not come to pass');
}

/** Requests without a pause, each to another room, until they are ended. */
function load(world: FrontWorld): { end(): Promise<readonly (FrontAnswer | Error)[]> } {
  const answers: (FrontAnswer | Error)[] = [];
  let isOver = false;
  const methods = ['GET', 'PUT', 'POST'];
  const client = async (from: number) => {
    for (let at = from; !isOver; at += 4) {
      const method = methods[at % methods.length] ?? 'GET';
      const body = method === 'GET' ? {} : { body: '{}' };
      answers.push(await askFront(world, { method, path: room(at), ...body }).catch((error: Error) => error));
    }
  };
  const clients = [0, 1, 2, 3].map(client);
  return {
    async end() {
      isOver = true;
      await Promise.all(clients);
      return answers;
    },
  };
}

function failures(answers: readonly (FrontAnswer | Error)[]): readonly (number | string)[] {
  const outcomes = answers.map(each => (each instanceof Error ? each.message : each.status));
  return outcomes.filter(outcome => outcome !== 200);
}

async function three(t: TestContext): Promise<[Recorder, Recorder, Recorder]> {
  const [one = assert.fail(), two = assert.fail(), new3 = assert.fail()] = await recorders(t, ['b1', 'b2', 'b3']);
  return [one, two, new3];
}

for (const program of PROGRAMS) {
  const [whenSame, whenOther] = ['unchanged', program === 'nginx' ? 'reloaded' : 'told'];

  test(
    `${program}: while a process drains and goes no request is lost, and none comes to it`,
    needs(program),
    async t => {
      const [one, two, other] = await three(t);
      const world = await FrontWorld.open(t, program, [{ recorder: one }, { recorder: two }]);
      const requests = load(world);
      await until(() => one.seen.length > 20 && two.seen.length > 20);
      assert.equal(await world.change([{ recorder: one }, { recorder: two, isDraining: true }]), whenOther);
      // Workers of before the change take no new connections; what they have is answered in a moment.
      await wait(300);
      const before = two.seen.length;
      await until(() => one.seen.length > before + 50);
      assert.equal(two.seen.length, before);
      await two.finish();
      assert.equal(await world.change([{ recorder: one }, { recorder: other }]), whenOther);
      await until(() => other.seen.length > 20);
      const answers = await requests.end();
      assert.deepEqual(failures(answers), []);
    },
  );

  test(`${program}: a process that comes back gets its rooms again`, needs(program), async t => {
    const [one, two] = await three(t);
    const both = [{ recorder: one }, { recorder: two }];
    const world = await FrontWorld.open(t, program, both);
    const owners = async () =>
      (await Promise.all(Array.from({ length: 12 }, (_, at) => askFront(world, { path: room(at) })))).map(
        ({ process }) => process,
      );
    const before = await owners();
    assert.deepEqual([...new Set(before)].sort(), ['b1', 'b2']);
    await world.change([{ recorder: one }, { recorder: two, isDraining: true }]);
    await until(async () => (await owners()).every(owner => owner === 'b1'));
    await world.change(both);
    await until(async () => (await owners()).join() === before.join());
  });

  test(`${program}: a long poll is answered across a change`, needs(program), async t => {
    const [one, , other] = await three(t);
    const world = await FrontWorld.open(t, program, [{ recorder: one }]);
    const holding = holdOne(one);
    const poll = askFront(world, { path: sync });
    const held = await holding;
    assert.equal(await world.change([{ recorder: one, isDraining: true }, { recorder: other }]), whenOther);
    await until(async () => (await askFront(world, { path: sync })).process === 'b3');
    await wait(1500);
    one.sendName(held);
    assert.deepEqual([(await poll).status, (await poll).process], [200, 'b1']);
  });

  test(`${program}: what is the same changes nothing`, needs(program), async t => {
    const [one, two] = await three(t);
    const behind = [{ recorder: one }, { recorder: two }];
    const world = await FrontWorld.open(t, program, behind);
    assert.equal(await world.change(behind.toReversed()), whenSame);
  });

  test(`${program}: a service comes and goes by a reload`, needs(program), async t => {
    const [one, wiki] = await three(t);
    const world = await FrontWorld.open(t, program, [{ recorder: one }]);
    const before = world.configuration;
    const service = { name: 'wiki', url: `http://${wiki.address}`, host: WIKI };
    assert.equal(await world.change([{ recorder: one }], [service]), 'reloaded');
    const atWiki = () => askFront(world, { host: WIKI, path: '/' }).catch(() => undefined);
    await until(async () => (await atWiki())?.process === 'b2');
    assert.equal(await world.change([{ recorder: one }]), 'reloaded');
    assert.equal(world.configuration, before);
    await until(async () => (await atWiki())?.process !== 'b2');
  });

  test(`${program}: a configuration that is refused is undone, and the old one goes on`, needs(program), async t => {
    const [one] = await three(t);
    const world = await FrontWorld.open(t, program, [{ recorder: one }]);
    const before = world.configuration;
    await assert.rejects(world.install(`${before}nonsense here;\n`), (error: Error) => {
      return error instanceof FrontError && error.message.includes('nonsense');
    });
    assert.equal(world.configuration, before);
    assert.equal((await askFront(world, { path: room(1) })).process, 'b1');
  });

  test(
    `${program}: a process that died costs nothing; what it may have done is not done again`,
    needs(program),
    async t => {
      const [one, two] = await three(t);
      const world = await FrontWorld.open(t, program, [{ recorder: one }, { recorder: two }]);
      const process = async (at: number) => (await askFront(world, { path: room(at) })).process;
      const mine = (await Promise.all(Array.from({ length: 12 }, (_, at) => process(at)))).indexOf('b2');
      two.answer = response => void response.destroy();
      const seen = one.seen.length;
      const post = await askFront(world, { method: 'POST', path: room(mine), body: '{}' });
      assert.equal(post.status, 502);
      assert.equal((JSON.parse(post.text) as { errcode: string }).errcode, 'M_UNKNOWN');
      assert.equal(post.headers['access-control-allow-origin'], '*');
      assert.equal(one.seen.length, seen);
      const put = await askFront(world, { method: 'PUT', path: room(mine), body: '{}' });
      assert.equal(put.process, 'b1');
      await two[Symbol.asyncDispose]();
      const answers = await Promise.all(
        ['GET', 'POST', 'PUT'].map(method => askFront(world, { method, path: room(mine) })),
      );
      assert.deepEqual(
        answers.map(answer => answer.process),
        ['b1', 'b1', 'b1'],
      );
    },
  );

  test(`${program}: who is refused with 503 is taken elsewhere, unless it was a POST`, needs(program), async t => {
    const [one, two] = await three(t);
    const world = await FrontWorld.open(t, program, [{ recorder: one }, { recorder: two }]);
    for (const process of [one, two])
      process.answer = response => void response.writeHead(process === one ? 503 : 200).end(process.name);
    const answers = async (method: string) => {
      const body = method === 'GET' ? {} : { body: '{}' };
      const all = Array.from({ length: 12 }, (_, at) => askFront(world, { method, path: room(at), ...body }));
      return new Set((await Promise.all(all)).map(({ status }) => status));
    };
    assert.deepEqual(await answers('POST'), new Set([200, 503]));
    assert.deepEqual(await answers('PUT'), new Set([200]));
    assert.deepEqual(await answers('GET'), new Set([200]));
  });

  test(`${program}: where nobody answers there is JSON`, needs(program), async t => {
    const [one] = await three(t);
    const world = await FrontWorld.open(t, program, [{ recorder: one }]);
    await one[Symbol.asyncDispose]();
    const answer = await askFront(world, { path: '/_matrix/client/versions' });
    assert.ok(answer.status === 502 || answer.status === 503, String(answer.status));
    assert.equal((JSON.parse(answer.text) as { errcode: string }).errcode, 'M_UNKNOWN');
    assert.equal(answer.headers['retry-after'], '5');
  });
}

test(
  'haproxy: a process that says it drains gets nothing new, and something again later',
  needs('haproxy'),
  async t => {
    const [one, two] = await three(t);
    const world = await FrontWorld.open(t, 'haproxy', [{ recorder: one }, { recorder: two }]);
    const used = async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, (_, at) => askFront(world, { path: room(at) })));
      return [...new Set(answers.map(({ process }) => process))].sort().join();
    };
    assert.equal(await used(), 'b1,b2');
    two.health = 503;
    await until(async () => (await used()) === 'b1');
    two.health = 200;
    await until(async () => (await used()) === 'b1,b2');
  },
);

test('haproxy: who waits for a process that went without a farewell goes to another', needs('haproxy'), async t => {
  const [frozen, , other] = await three(t);
  const world = await FrontWorld.open(t, 'haproxy', [{ recorder: frozen }]);
  const holding = holdOne(frozen);
  const poll = askFront(world, { path: sync });
  await holding;
  const began = performance.now();
  assert.equal(await world.change([{ recorder: other }]), 'told');
  const { status, process } = await poll;
  assert.deepEqual([status, process], [200, 'b3']);
  t.diagnostic(`after ${Math.round(performance.now() - began)} ms`);
});

test('nginx: what a frozen process has taken to write into a room is written by another', needs('nginx'), async t => {
  const [one, two] = await three(t);
  const world = await FrontWorld.open(t, 'nginx', [{ recorder: one }, { recorder: two }]);
  const path = (at: number) => `/_matrix/client/v3/rooms/!${at}:a.org/send/m.room.message/1`;
  const put = (at: number) => askFront(world, { method: 'PUT', path: path(at), body: '{}' });
  let ofOne = 0;
  while ((await put(ofOne)).process !== 'b1') ofOne++;
  const holding = holdOne(one);
  const answer = put(ofOne);
  await holding;
  const { status, process } = await answer;
  assert.deepEqual([status, process], [200, 'b2']);
});
