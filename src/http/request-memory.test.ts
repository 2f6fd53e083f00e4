import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import type { Requester } from '../accounts/requester.ts';
import { MemoryAdmission } from '../base/admission.ts';
import { Budget } from '../base/budget.ts';
import { silentLog } from '../base/log.ts';
import { MemoryGuard } from '../base/memory-guard.ts';
import { type Endpoint, endpoint, reply } from './endpoint.ts';
import { RequestMemory } from './request-memory.ts';
import { HttpServer } from './server.ts';

const KIB = 1024;

/** A server whose requests are charged to a budget of 400 KiB, under a guard that sees what a test says. */
async function chargedServer(t: TestContext, endpoints: readonly Endpoint[]) {
  const clock = new TestClock();
  const budget = new Budget(400 * KIB);
  let used = 0;
  const guard = new MemoryGuard({
    clock,
    log: silentLog,
    budget,
    program: 0,
    read: () => [{ of: 'process', used, limit: 100 }],
    collect() {},
    giveBack() {},
    onHopeless() {},
  });
  const admission = new MemoryAdmission({ budget, guard, clock });
  const server = new HttpServer({
    log: silentLog,
    authenticate: async () => ({}) as Requester,
    countRequest() {},
    trustedProxies: [],
    memory: { charges: new RequestMemory(budget), admission, guard },
  });
  server.add(endpoints);
  const url = await server.listen('127.0.0.1', 0);
  t.after(() => server.close());
  return {
    url,
    budget,
    clock,
    held: () => budget.usage().reduce((sum, { bytes }) => sum + bytes, 0),
    use(percent: number) {
      used = percent;
      guard.check();
    },
    async put(bytes: number) {
      const response = await fetch(`${url}/body`, { method: 'PUT', body: JSON.stringify({ text: 'x'.repeat(bytes) }) });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
  };
}

/** Answers when `let` is called, with the length of its body; or when it is sent away. */
function slowEndpoint() {
  const gate = Promise.withResolvers<void>();
  const spec = endpoint({
    method: 'PUT',
    path: '/body',
    auth: 'none',
    async handle({ body }) {
      await gate.promise;
      return { length: JSON.stringify(body).length };
    },
  });
  return { spec, open: gate.resolve };
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    assert.ok(tries < 6000, 'it did not come to that');
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

test('bodies are charged while their requests are there; what does not fit is refused with 429', async t => {
  const slow = slowEndpoint();
  const server = await chargedServer(t, [slow.spec]);
  const first = server.put(20 * KIB);
  await until(() => server.held() > 60 * KIB);
  const refused = await server.put(20 * KIB);
  assert.equal(refused.status, 429);
  assert.equal(refused.body.errcode, 'M_LIMIT_EXCEEDED');
  assert.equal(refused.body.retry_after_ms, 2000);
  const small = server.put(1 * KIB);
  slow.open();
  assert.deepEqual([(await first).status, (await small).status], [200, 200]);
  await until(() => server.held() === 0);
  assert.deepEqual(
    server.budget.refusals().find(([name]) => name === 'bodies'),
    ['bodies', 1],
  );
});

test('a body larger than all there is for bodies is served alone', async t => {
  const slow = slowEndpoint();
  const server = await chargedServer(t, [slow.spec]);
  slow.open();
  assert.equal((await server.put(300 * KIB)).status, 200);
  await until(() => server.held() === 0);
});

test('a client that goes away gives back what its request held', async t => {
  const server = await chargedServer(t, [slowEndpoint().spec]);
  const { port, hostname } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(`PUT /body HTTP/1.1\r\nhost: a\r\ncontent-length: 30000\r\n\r\n${'x'.repeat(20_000)}`);
  await until(() => server.held() > 60_000);
  socket.destroy();
  await until(() => server.held() === 0);
});

test('too many requests at once are refused, whatever they want', async t => {
  const slow = slowEndpoint();
  const server = await chargedServer(t, [slow.spec]);
  const all = Array.from({ length: 100 }, () => server.put(1));
  await until(() => server.budget.refusals().some(([account, times]) => account === 'requests' && times > 0));
  slow.open();
  const statuses = (await Promise.all(all)).map(({ status }) => status);
  assert.ok(statuses.includes(429) && statuses.filter(status => status === 200).length >= 50);
  assert.deepEqual([...new Set(statuses)].toSorted(), [200, 429]);
});

test('an answer is charged until it is sent, and one that does not fit is refused', async t => {
  const large = endpoint({
    method: 'GET',
    path: '/large',
    auth: 'none',
    handle: async () => ({ text: 'x'.repeat(90 * KIB) }),
  });
  const endless = endpoint({
    method: 'GET',
    path: '/endless',
    auth: 'none',
    handle: async () => reply({ body: new Readable({ read() {} }) }),
  });
  const server = await chargedServer(t, [large, endless]);
  const gone = new AbortController();
  const stream = fetch(`${server.url}/endless`, { signal: gone.signal }).catch(() => undefined);
  await until(() => server.held() > 64 * KIB);
  const { status } = await fetch(`${server.url}/large`);
  assert.equal(status, 429);
  gone.abort();
  await stream;
  await until(() => server.held() === 0);
  assert.equal((await fetch(`${server.url}/large`)).status, 200);
});

test('a stream is charged by its length when that is known, and closed when it does not fit', async t => {
  const streams: Readable[] = [];
  const streaming = (path: string, headers: Readonly<Record<string, string>>) =>
    endpoint({
      method: 'GET',
      path,
      auth: 'none',
      async handle() {
        const body = new Readable({ read() {} });
        body.push('x');
        streams.push(body);
        return reply({ headers, body });
      },
    });
  const server = await chargedServer(t, [
    streaming('/small', { 'content-length': '7' }),
    streaming('/long', { 'content-length': '9000000' }),
  ]);
  const gone = new AbortController();
  const get = (path: string) => fetch(`${server.url}${path}`, { signal: gone.signal });
  const small = Array.from({ length: 20 }, () => get('/small').then(({ status }) => status));
  assert.deepEqual([...new Set(await Promise.all(small))], [200]);
  assert.equal((await get('/long')).status, 200);
  const refused = await get('/long');
  assert.equal(refused.status, 429);
  assert.ok(streams.at(-1)?.destroyed, 'a file would stay open');
  gone.abort();
  await until(() => server.held() === 0);
});

test('what needs much waits its turn, and not for ever', async t => {
  const gate = Promise.withResolvers<void>();
  let running = 0;
  const dear = endpoint({
    method: 'GET',
    path: '/dear',
    auth: 'none',
    memory: 60 * KIB,
    async handle() {
      running++;
      await gate.promise;
      return {};
    },
  });
  const server = await chargedServer(t, [dear]);
  const [first, second] = [fetch(`${server.url}/dear`), fetch(`${server.url}/dear`)];
  await until(() => running === 1 && server.held() > 70 * KIB);
  server.clock.advance(10_000);
  const statuses = await Promise.race([first, second]).then(response => response.status);
  assert.equal(statuses, 429);
  const third = fetch(`${server.url}/dear`);
  gate.resolve();
  assert.equal((await third).status, 200);
  assert.equal(running, 2);
});

test('critical memory sends away who waits, and who comes to wait, until it is over', async t => {
  const poll = endpoint({
    method: 'GET',
    path: '/poll',
    auth: 'none',
    async handle({ signal }) {
      if (!signal.aborted) await once(signal, 'abort');
      throw signal.reason;
    },
  });
  const server = await chargedServer(t, [poll]);
  const waiting = fetch(`${server.url}/poll`);
  await until(() => server.held() > 0);
  server.use(95);
  const answer = await waiting;
  assert.equal(answer.status, 429);
  assert.equal(answer.headers.get('retry-after'), '10');
  assert.equal((await fetch(`${server.url}/poll`)).status, 429);
  server.use(20);
  const again = fetch(`${server.url}/poll`);
  await until(() => server.held() > 0);
  server.use(95);
  assert.equal((await again).status, 429);
});
