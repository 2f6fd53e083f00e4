import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { skipWithoutNats, TestNats } from '../../test/support/nats.ts';
import { systemClock } from '../base/clock.ts';
import { openEngines } from './open-engines.ts';

/** This machine, by an address that could be that of another. */
const ELSEWHERE = '127.1';
const COPSE = 'copse:secret@';
const signal = new AbortController().signal;

const look = (url: string, bus?: string) =>
  openEngines({ database: { url }, cluster: bus === undefined ? {} : { bus } }, systemClock, signal);

/** A PostgreSQL that asks for the password, and takes one. */
async function strictPostgres(t: TestContext): Promise<{ readonly port: number; readonly passwords: string[] }> {
  const passwords: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.once('data', () => {
      socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
      socket.once('data', bytes => {
        passwords.push(bytes.subarray(5, -1).toString());
        socket.end(Buffer.from('E\0\0\0\x1aSFATAL\0C28P01\0Mnobody\0\0', 'latin1'));
      });
    });
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, passwords };
}

test('N208: a NATS server that asks nobody who they are is told of, with the remedy', {
  skip: skipWithoutNats,
}, async t => {
  const [open, strict] = [await TestNats.start(), await TestNats.start('--user', 'copse', '--pass', 'secret')];
  t.after(async () => {
    await open[Symbol.asyncDispose]();
    await strict[Symbol.asyncDispose]();
  });
  const [told, ...more] = await look(
    'sqlite',
    `nats://${COPSE}${ELSEWHERE}:${open.port},nats://${ELSEWHERE}:${strict.port}`,
  );
  assert.equal(
    told,
    `NATS at 127.1:${open.port} lets in whoever reaches it. Have its settings ask for a user (authorization), and put that into cluster.bus: nats://USER:PASSWORD@127.1:${open.port}`,
  );
  assert.deepEqual(more, []);
  assert.deepEqual(await look('sqlite', `nats://127.0.0.1:${open.port}`), [], 'which this machine alone reaches');
  assert.deepEqual(await look('sqlite'), []);
});

test('N208: a PostgreSQL that lets in without a password is told of, and ours is not shown to it', async t => {
  const strict = await strictPostgres(t);
  assert.deepEqual(await look(`postgres://${COPSE}${ELSEWHERE}:${strict.port}/copse`), []);
  assert.deepEqual(strict.passwords, ['']);
  assert.deepEqual(await look(`postgres://${COPSE}${ELSEWHERE}:1/copse`), [], 'where there is none');
});

test('N208: a PostgreSQL that trusts everybody', { skip: process.env.COPSE_TEST_POSTGRES === undefined }, async () => {
  const url = new URL(process.env.COPSE_TEST_POSTGRES ?? '');
  assert.deepEqual(await look(url.href), [], 'which this machine alone reaches');
  url.hostname = ELSEWHERE;
  url.password = 'secret';
  assert.deepEqual(await look(url.href), [
    `PostgreSQL at 127.1:${url.port} lets in whoever reaches it. Give its user a password, have pg_hba.conf ask for it (scram-sha-256), and put it into database.url.`,
  ]);
});
