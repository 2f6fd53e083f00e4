import assert from 'node:assert/strict';
import { test } from 'node:test';
import { natsServers, serverText } from './nats-servers.ts';

test('servers of NATS are read from URLs', () => {
  const found = natsServers('nats://copse:p%40ss@10.0.0.5:4223, nats://token@nats.example,nats://[fd00::1]');
  assert.deepEqual(found, {
    isTls: false,
    servers: [
      { host: '10.0.0.5', port: 4223, user: 'copse', password: 'p@ss' },
      { host: 'nats.example', port: 4222, user: undefined, password: 'token' },
      { host: 'fd00::1', port: 4222, user: undefined, password: undefined },
    ],
  });
  assert.deepEqual(found?.servers.map(serverText), ['10.0.0.5:4223', 'nats.example:4222', '[fd00::1]:4222']);
  assert.equal(natsServers('tls://nats.example')?.isTls, true);
});

test('what is no such URL is refused', () => {
  const wrong = [
    '',
    'nats.example:4222',
    'http://nats.example',
    'nats://',
    'nats://a,tls://b',
    'nats://a,',
    'nats://a/b',
  ];
  for (const text of [...wrong, 'nats://a?tls', 'nats://a#b', 'nats://a:99999', 'nats://%E0%A4%A@a', 'ws://a'])
    assert.equal(natsServers(text), undefined, text);
});
