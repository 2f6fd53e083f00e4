import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf, frontFacts, NOW } from '../../../../test/support/doctor-facts.ts';
import { diagnose } from '../diagnose.ts';
import type { FrontFacts, ReturnedFacts } from '../facts.ts';

const HOUR_MS = 3_600_000;
const LOST: ReturnedFacts = {
  events: 2,
  newest: { eventId: '$lost', server: 'peer.example', at: NOW - HOUR_MS },
  begunAt: null,
};

function found(returned: ReturnedFacts, front: FrontFacts | null = null) {
  const facts = factsOf([], front);
  return diagnose({ ...facts, us: { ...facts.us, returned } }).us.findings.filter(({ cause }) => cause === 'D17');
}

test('events of ours that come back are proof, and a new epoch is begun', () => {
  assert.deepEqual(found({ events: 0, newest: null, begunAt: null }), []);
  const [finding] = found(LOST);
  assert.equal(finding?.repair?.kind, 'bump_epoch');
  assert.match(
    finding?.proof.join('\n') ?? '',
    /^2 events of our own users came back .*\n.*\$lost, made .*, from peer\.example$/,
  );
});

test('what comes back soon after a new epoch has begun is made by somebody else, as is what another answers for', () => {
  assert.equal(found({ ...LOST, begunAt: NOW - 25 * HOUR_MS })[0]?.repair?.kind, 'bump_epoch');
  const [soon] = found({ ...LOST, begunAt: NOW - 2 * HOUR_MS });
  assert.equal(soon?.repair?.kind, undefined);
  assert.match(soon?.repair?.lines[0] ?? '', /^another process has our name and key/);
  const sent = { address: '192.0.2.1', port: 443, sent: '/a', status: 200, errcode: null, error: null };
  const echo = (instance: string) => ({ ...sent, instance, target: '/a', host: 'us.example' });
  const both = found(LOST, frontFacts({ echoes: [echo('this one'), echo('another')] }));
  assert.deepEqual(
    both.map(({ repair }) => repair?.kind),
    [undefined, undefined],
  );
  assert.equal(found(LOST, frontFacts({ echoes: [echo('this one')] }))[0]?.repair?.kind, 'bump_epoch');
});
