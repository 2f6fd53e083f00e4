import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMilliseconds } from '../../test/support/cpu-time.ts';
import type { ServerName } from '../core/ids.ts';
import { policyWarnings, serverPolicy } from './server-policy.ts';

const OWN = 'home.example' as ServerName;

test('N112 a block list of 100,000 rules counts to the last, and patterns made to blow up take no time', () => {
  const bombs = Array.from({ length: 1000 }, (_, i) => `${'*a'.repeat(50)}*${i}`);
  const names = Array.from({ length: 90_000 }, (_, i) => `spam${i}.example`);
  const patterns = Array.from({ length: 9000 }, (_, i) => `*.flood${i}.example`);
  const cost = cpuMilliseconds(() => {
    const policy = serverPolicy({ allow: [], deny: [...bombs, ...names, ...patterns] });
    for (let i = 0; i < 20; i++) assert.ok(policy.allows(`${'a'.repeat(200)}.example`));
    for (const server of ['spam0.example', 'spam89999.example:8448', 'x.flood0.example', 'x.y.flood8999.example'])
      assert.ok(!policy.allows(server), server);
  });
  assert.ok(cost < 5000, `${cost} ms`);
});

test('N112 more patterns than an event of a room can have count as well', () => {
  const deny = Array.from({ length: 25_000 }, (_, i) => `*.flood${i}.example`);
  assert.ok(!serverPolicy({ allow: [], deny }).allows('x.flood24999.example'));
});

test('N112 the operator is warned of a rule against every server, and of one against this server', () => {
  for (const every of ['*', '**', '*.*'])
    assert.match(policyWarnings({ allow: [], deny: ['evil.example', every] }, OWN).join(), /every server/, every);
  for (const own of ['home.example', '*.example', 'h?me.*'])
    assert.match(policyWarnings({ allow: [], deny: [own] }, OWN).join(), /this server, home\.example/, own);
  assert.deepEqual(policyWarnings({ allow: [], deny: ['evil.example', '*.evil.example'] }, OWN), []);
});

test('where servers are allowed by name, no other is', () => {
  const policy = serverPolicy({ allow: ['*.friends.example'], deny: ['bad.friends.example'] });
  assert.deepEqual(
    ['a.friends.example', 'bad.friends.example', 'others.example'].map(server => policy.allows(server)),
    [true, false, false],
  );
});
