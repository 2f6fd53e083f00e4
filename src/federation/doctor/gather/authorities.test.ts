import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { TestAuthority } from '../../../../test/support/certificates.ts';
import { believersOf, chainSent, mozillaAuthorities } from './authorities.ts';

const NOW = Date.UTC(2026, 10);
const LATER = Date.UTC(2040, 0);
const root = new TestAuthority('Root');
const between = new TestAuthority('Between', root);
const leaf = between.issue({ names: ['a.example'] });
const certificates = (...texts: string[]) => texts.map(text => new X509Certificate(text));

test('a chain leads to an authority only over what was sent', () => {
  const whole = certificates(leaf.certificate, between.certificate);
  const cut = certificates(leaf.certificate);
  const list = [new TestAuthority('Other').certificate, root.certificate];
  assert.deepEqual(believersOf(whole, list, NOW), { today: true, old: false, authority: 'Root' });
  const disorderly = certificates(leaf.certificate, new TestAuthority('Stray').certificate, between.certificate);
  assert.equal(believersOf(disorderly, list, NOW).today, true);
  assert.deepEqual(believersOf(cut, list, NOW), { today: false, old: false, authority: 'Between' });
  // Whoever has the one between on the list needs no other.
  assert.equal(believersOf(cut, [between.certificate], NOW).today, true);
  assert.equal(believersOf([], list, NOW).today, false);
});

test('an authority of the same name with another key vouches for nothing', () => {
  const chain = certificates(leaf.certificate, between.certificate);
  assert.equal(believersOf(chain, [new TestAuthority('Root').certificate], NOW).today, false);
  const forged = certificates(leaf.certificate, new TestAuthority('Between', root).certificate);
  assert.deepEqual(believersOf(forged, [root.certificate], NOW), { today: false, old: false, authority: 'Between' });
});

test('what has been on the lists for ten years is known everywhere', () => {
  const chain = certificates(leaf.certificate, between.certificate);
  assert.deepEqual(believersOf(chain, [root.certificate], LATER), { today: true, old: true, authority: 'Root' });
  const all = mozillaAuthorities();
  const old = all.filter(pem => new X509Certificate(pem).validFromDate.getTime() < NOW - 10 * 365 * 86_400_000);
  assert.ok(old.length > 20 && old.length < all.length, `${old.length} of ${all.length}`);
});

test('the chain is what came over the wire, whatever we know ourselves', async t => {
  const server = createServer({ cert: leaf.certificate + between.certificate, key: leaf.key }, socket => socket.end());
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const socket = connect({ host: '127.0.0.1', port, ca: [root.certificate], rejectUnauthorized: false });
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  const chain = chainSent(socket.getPeerX509Certificate());
  assert.deepEqual(
    chain.map(({ subject }) => subject),
    ['CN=a.example', 'CN=Between'],
  );
  assert.equal(believersOf(chain, [root.certificate], NOW).today, true);
});
