import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identityOf, testClient } from '../../test/support/federation.ts';
import { signed } from '../../test/support/signed-requests.ts';
import { TickingClock } from '../../test/support/ticking-clock.ts';
import type { ServerName } from '../core/ids.ts';
import { requestAuthentication } from './inbound/request-authentication.ts';
import { serverPolicy } from './server-policy.ts';
import { FederationClient } from './transport/federation-client.ts';

test('without lists everybody is talked to, with them only who is allowed and not denied, whatever the case and port', () => {
  assert.ok(serverPolicy({ allow: [], deny: [] }).allows('any.example:8448'));
  const policy = serverPolicy({ allow: ['*.friends.example', 'one.example'], deny: ['evil.*'] });
  for (const server of ['a.friends.example', 'one.example:443', 'ONE.example'])
    assert.ok(policy.allows(server), server);
  for (const server of ['evil.friends.example', 'EVIL.friends.example:1', 'two.example', 'friends.example'])
    assert.ok(!policy.allows(server), server);
});

test('a denied server is refused before anything is done for it, and is not asked for anything', async t => {
  const policy = serverPolicy({ allow: [], deny: ['evil.example'] });
  const evil = identityOf('evil.example', 7);
  const us = identityOf('us.example');
  const asked: unknown[] = [];
  const keyRing = {
    async keysFor(wanted: unknown) {
      asked.push(wanted);
      throw new Error('asked');
    },
  };
  const authenticate = requestAuthentication({ identity: us, clock: new TickingClock(), keyRing, policy });
  const authorization = [signed(evil, 'us.example', 'GET', '/x')];
  const request = { method: 'GET', target: '/x', authorization, body: () => undefined };
  await assert.rejects(authenticate(request), { errcode: 'M_FORBIDDEN', status: 403 });
  assert.equal(asked.length, 0);

  const { discovery, dialer, clock, net } = testClient(t);
  const client = new FederationClient({ identity: us, discovery, dialer, clock, userAgent: 'Copse/test', policy });
  t.after(() => client[Symbol.dispose]());
  const asking = client.request('evil.example' as ServerName, { method: 'GET', path: '/x' });
  await assert.rejects(asking, { name: 'UnreachableError', stage: 'policy', message: /federation\.deny/ });
  assert.deepEqual(net.asked, []);
});
