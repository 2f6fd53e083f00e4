import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { TestAuthority } from '../../../test/support/certificates.ts';
import type { BoardOrders, BoardReport } from '../boards/board.ts';
import { HttpsHeadquarters } from './https-headquarters.ts';

const authority = new TestAuthority('boards of a.org');
const own = authority.issue({ names: ['b2'] });
const credentials = () => ({ board: own, authority: { certificate: authority.certificate, key: 'not needed' } });
const report = { facts: {}, processes: [] } as unknown as BoardReport;
const orders: BoardOrders = { assignments: [], addresses: ['10.0.0.1:8470'] };
const NOBODY = '127.0.0.1:1';

interface Listener {
  readonly address: string;
  /** Names of those who asked, and the ports that they asked from. */
  readonly asked: { readonly name: string; readonly port: number | undefined; readonly body: string }[];
}

/** A cluster listener that says always the same; undefined: nothing at all. */
async function listener(t: TestContext, status: number, text: string | undefined, from = authority): Promise<Listener> {
  const { certificate, key } = from.issue({ names: ['another name'] });
  const asked: Listener['asked'] = [];
  const options = { cert: certificate, key, ca: from.certificate, requestCert: true, rejectUnauthorized: true };
  const server = createServer(options, async (request, answer) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    const body = (await request.toArray()).join('');
    asked.push({ name: String(subject.CN), port: request.socket.remotePort, body });
    if (text !== undefined) answer.writeHead(status).end(text);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

test('a report goes to the first address, with the certificate of the board, over one connection', async t => {
  const [first, second] = [await listener(t, 200, JSON.stringify(orders)), await listener(t, 200, '{}')];
  using headquarters = new HttpsHeadquarters(credentials);
  for (let n = 0; n < 2; n++)
    assert.deepEqual(await headquarters.report(report, [first.address, second.address]), { kind: 'orders', orders });
  assert.deepEqual(
    first.asked.map(({ name, body }) => [name, body]),
    [
      ['b2', JSON.stringify(report)],
      ['b2', JSON.stringify(report)],
    ],
  );
  assert.equal(first.asked[0]?.port, first.asked[1]?.port);
  assert.equal(second.asked.length, 0);
});

test('the next one is asked when one is away, answers with an error, or with what is no order', async t => {
  const broken = await listener(t, 500, '{"errcode":"M_UNKNOWN"}');
  const strange = await listener(t, 200, '{"assignments":7}');
  const good = await listener(t, 200, JSON.stringify(orders));
  using headquarters = new HttpsHeadquarters(credentials);
  const addresses = [NOBODY, broken.address, strange.address, good.address];
  assert.equal((await headquarters.report(report, addresses)).kind, 'orders');
  assert.equal((await headquarters.report(report, addresses)).kind, 'orders');
  assert.deepEqual([broken.asked.length, good.asked.length], [1, 2], 'the one that answered is asked first');
});

test('one that does not answer is passed over after three seconds', { timeout: 60_000 }, async t => {
  const [silent, good] = [await listener(t, 200, undefined), await listener(t, 200, JSON.stringify(orders))];
  using headquarters = new HttpsHeadquarters(credentials);
  const began = performance.now();
  assert.equal((await headquarters.report(report, [silent.address, good.address])).kind, 'orders');
  assert.ok(performance.now() - began > 2900);
});

test('of many that are away three are asked for one report, and others for the next', async t => {
  const good = await listener(t, 200, JSON.stringify(orders));
  using headquarters = new HttpsHeadquarters(credentials);
  const addresses = [NOBODY, '127.0.0.1:2', '127.0.0.1:3', '127.0.0.1:4', '127.0.0.1:5', good.address];
  const first = await headquarters.report(report, addresses);
  assert.equal(first.kind, 'silence');
  assert.match(first.kind === 'silence' ? first.reason : '', /^127\.0\.0\.1:4: connect ECONNREFUSED/);
  assert.equal((await headquarters.report(report, addresses)).kind, 'orders');
});

test('a board that was removed is told so', async t => {
  const { address } = await listener(t, 403, '{"errcode":"M_FORBIDDEN","error":"b2 is no board of this cluster."}');
  using headquarters = new HttpsHeadquarters(credentials);
  assert.deepEqual(await headquarters.report(report, [address]), {
    ...{ kind: 'refused', reason: 'b2 is no board of this cluster.' },
  });
});

test('nobody with a certificate of another authority is believed', async t => {
  const { address, asked } = await listener(t, 200, JSON.stringify(orders), new TestAuthority('somebody else'));
  using headquarters = new HttpsHeadquarters(credentials);
  assert.equal((await headquarters.report(report, [address])).kind, 'silence');
  assert.equal(asked.length, 0);
});

test('a certificate that comes later is taken up', async t => {
  const good = await listener(t, 200, JSON.stringify(orders));
  let mine: ReturnType<typeof credentials> | undefined;
  using headquarters = new HttpsHeadquarters(() => mine);
  assert.equal((await headquarters.report(report, [good.address])).kind, 'silence');
  mine = credentials();
  assert.equal((await headquarters.report(report, [good.address])).kind, 'orders');
});

test('an answer without end is not read to the end', async t => {
  const { address } = await listener(t, 200, `"${'x'.repeat(2_000_000)}"`);
  using headquarters = new HttpsHeadquarters(credentials);
  assert.deepEqual(await headquarters.report(report, [address]), {
    ...{ kind: 'silence', reason: `${address}: its answer is too large.` },
  });
});
