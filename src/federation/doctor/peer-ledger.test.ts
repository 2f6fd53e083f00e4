import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testBudget } from '../../../test/support/budget.ts';
import { SteppingClock } from '../../../test/support/fake-internet.ts';
import type { ServerName } from '../../core/ids.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import type { IncomingServerRequest } from '../inbound/request-authentication.ts';
import { PeerLedger } from './peer-ledger.ts';

const request: IncomingServerRequest = {
  method: 'GET',
  target: '/_matrix/federation/v1/version',
  authorization: ['X-Matrix origin="peer.example",destination="us.example",key="ed25519:a",sig="AAAA"'],
  body: () => undefined,
};

test('it remembers rooms of versions that we do not know, each once', () => {
  const clock = new SteppingClock();
  const ledger = new PeerLedger({ clock, budget: testBudget() });
  const peer = 'peer.example' as ServerName;
  for (let at = 0; at < 9; at++) {
    ledger.noteVersion(peer, { what: 'an invite', roomId: `!${at % 7}`, version: 'x'.repeat(999) });
    clock.advance(1);
  }
  const found = ledger.of(peer)?.unknownVersions ?? [];
  assert.deepEqual(
    found.map(({ roomId }) => roomId),
    ['!4', '!5', '!6', '!0', '!1'],
  );
  assert.equal(found[0]?.version?.length, 300);
});

test('it remembers who was heard, and who was not believed', async () => {
  const clock = new SteppingClock();
  const ledger = new PeerLedger({ clock, budget: testBudget() });
  assert.deepEqual(ledger.heard(), { servers: 0, at: undefined });
  await ledger.noting(async () => 'peer.example' as ServerName)(request);
  const heardAt = clock.now();
  clock.advance(1000);
  const refuse = ledger.noting(() => Promise.reject(new MatrixError('M_UNAUTHORIZED', 'The signature does not hold.')));
  for (let times = 0; times < 9; times++) await assert.rejects(refuse(request), MatrixError);
  const record = ledger.of('peer.example');
  assert.equal(record?.heardAt, heardAt);
  assert.equal(record?.requests, 1);
  assert.equal(record?.refused.length, 5);
  assert.equal(record?.refused[0]?.reason, 'The signature does not hold.');
  assert.deepEqual(ledger.heard(), { servers: 1, at: heardAt });
  clock.advance(86_400_000);
  assert.equal(ledger.heard().servers, 0);
});
