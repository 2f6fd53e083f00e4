import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsPort } from './metrics-listener.ts';

const BUS = 'nats://10.0.0.5:4222';

function portOf(client: number, bus: readonly string[] = [BUS], port = 9008): number {
  const address = { host: '127.0.0.1', port: client };
  return metricsPort({
    cluster: { bus: bus[0], roles: [] } as never,
    listen: { client: address } as never,
    metrics: { enabled: true, host: '127.0.0.1', port },
  });
}

test('processes of one machine serve their figures side by side, each always at the same port', () => {
  assert.deepEqual(
    [8008, 8018, 8028].map(client => portOf(client)),
    [9008, 9018, 9028],
    'started by hand',
  );
  assert.deepEqual(
    [8100, 8101, 8102].map(client => portOf(client)),
    [9008, 9009, 9010],
    'started by an agent',
  );
});

test('a process that is alone has the port of the settings, and so has one for which there is no other', () => {
  assert.equal(portOf(8018, []), 9008);
  assert.equal(portOf(8018, [BUS], 0), 0, 'a free one');
  assert.equal(portOf(8090, [BUS], 65_500), 65_500);
});
