import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { TestClock } from '../../../test/support/accounts.ts';
import { testBudget } from '../../../test/support/budget.ts';
import { TestAuthority } from '../../../test/support/certificates.ts';
import { TlsPeer } from '../../../test/support/tls-peer.ts';
import { addressGuard } from '../../base/address-guard.ts';
import { DialError, Dialer } from './dialer.ts';
import { trustedContext } from './trust.ts';

const NAME = 'peer.example';
const MINUTE_MS = 60_000;

async function scene(t: TestContext) {
  const authority = new TestAuthority();
  const clock = new TestClock();
  const trust = trustedContext([authority.certificate]);
  const guard = addressGuard(['127.0.0.0/8']);
  const dialer = new Dialer({ budget: testBudget(), guard, clock, trust, verifyTls: true });
  const peer = await TlsPeer.open(authority.issue({ names: [NAME, 'other.example'] }));
  t.after(() => peer[Symbol.asyncDispose]());
  const dial = (certName: string) => dialer.connect({ targets: [{ address: '127.0.0.1', port: peer.port }], certName });
  /** Whether a connection resumes a session. */
  const resumes = async (certName = NAME) => ask(await dial(certName));
  return { clock, dial, resumes };
}

/** One request, with which the tickets of the session come. */
async function ask(socket: TLSSocket): Promise<boolean> {
  const isReused = socket.isSessionReused();
  socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  for await (const _ of socket);
  return isReused;
}

test('a session is resumed with the same address under the same name, and its certificate looked at again after an hour', async t => {
  const { clock, resumes } = await scene(t);
  const first = [await resumes(), await resumes(), await resumes('other.example')];
  assert.deepEqual(first, [false, true, false], 'the name is another');
  clock.advance(59 * MINUTE_MS);
  assert.equal(await resumes(), true);
  clock.advance(2 * MINUTE_MS);
  assert.deepEqual([await resumes(), await resumes()], [false, true], 'what is resumed is not prolonged');
});

test('a session with somebody whose certificate is for another name is not kept', async t => {
  const { dial } = await scene(t);
  for (let n = 0; n < 2; n++) await assert.rejects(dial('third.example'), DialError);
});
