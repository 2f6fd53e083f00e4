import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Departures } from './departures.ts';

/** A server whose requests wait until their signal aborts. */
async function waitingServer(departures: Departures) {
  const signals: AbortSignal[] = [];
  const server = createServer((incoming, answer) => {
    const signal = departures.signalFor(incoming, answer);
    signals.push(signal);
    if (signal.aborted) answer.end('draining');
    else signal.addEventListener('abort', () => answer.end('drained'));
    server.emit('waiting');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, signals, port: (server.address() as AddressInfo).port };
}

test('a client that goes away aborts its own request and no other', async t => {
  const { server, signals, port } = await waitingServer(new Departures());
  t.after(() => server.close().closeAllConnections());
  const [goes, stays] = [request({ port }), request({ port })];
  for (const sent of [goes, stays]) {
    sent.on('error', () => {}).end();
    await once(server, 'waiting');
  }
  goes.destroy();
  await once(signals[0] as AbortSignal, 'abort');
  assert.equal(signals[1]?.aborted, false);
});

test('draining aborts what waits and what comes, and forgets what is answered', async t => {
  const departures = new Departures();
  const { server, signals, port } = await waitingServer(departures);
  t.after(() => server.close().closeAllConnections());
  const sent = request({ port }).end();
  await once(server, 'waiting');
  departures.drain();
  const [answer] = await once(sent, 'response');
  answer.resume();
  await once(answer, 'end');
  assert.equal(signals[0]?.aborted, true);
  request({ port }).end();
  await once(server, 'waiting');
  assert.equal(signals[1]?.aborted, true);
});
