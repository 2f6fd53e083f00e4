import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf, frontFacts, NOW, peerFacts, placeFacts, roomFacts } from '../../../../test/support/doctor-facts.ts';
import { diagnose } from '../diagnose.ts';
import type { CertificateFacts, Facts } from '../facts.ts';

const DAY_MS = 86_400_000;
const PUBLIC = { today: true, old: true, authority: 'Everybody knows it' };
const PRIVATE = { today: false, old: false, authority: 'Of the house' };

function shown(more: Partial<CertificateFacts>) {
  const place = placeFacts();
  assert.ok(place.certificate !== null);
  return {
    step: '3.2',
    host: 'a',
    certName: 'a',
    lookups: [],
    error: null,
    places: [{ ...place, certificate: { ...place.certificate, ...more } }],
  };
}

function seen(ours: Partial<CertificateFacts>, theirs: Partial<CertificateFacts>, otherServers = 1): Facts {
  const peer = peerFacts({ route: shown(theirs), rooms: [roomFacts({ otherServers })] });
  return factsOf([peer], frontFacts({ route: shown(ours) }));
}

const first = (facts: Facts) => {
  const { us, peers } = diagnose(facts);
  return { us: us.findings[0], peer: peers[0]?.findings[0], unproven: us.unproven.join('\n') };
};

test('whom everybody believes is believed', () => {
  const { us, peer, unproven } = first(seen({ believers: PUBLIC }, { believers: PUBLIC }));
  assert.deepEqual([us, peer], [undefined, undefined]);
  assert.doesNotMatch(unproven, /authority/);
  const old = first(seen({ believers: { ...PUBLIC, old: false } }, { believers: { ...PUBLIC, old: false } }));
  assert.deepEqual([old.us, old.peer], [undefined, undefined]);
  assert.match(old.unproven, /\(Everybody knows it\) is on no list of ten years ago/);
});

test('an authority that others know and we do not is a fault of our list', () => {
  const distrust = 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY';
  const { peer } = first(seen({ believers: PUBLIC }, { distrust, believers: PUBLIC }));
  assert.match(
    peer?.proof[0] ?? '',
    /"?Everybody knows it"?: not on ours, on that of Mozilla, on one of ten years ago/,
  );
  assert.match(peer?.effect ?? '', /^we cannot talk to it/);
  assert.match(peer?.repair?.lines.join() ?? '', /^the list of authorities that this server goes by is older/);
  const nobody = first(seen({ believers: PUBLIC }, { distrust, believers: PRIVATE })).peer;
  assert.match(nobody?.proof[0] ?? '', /Of the house: not on ours, not on that of Mozilla/);
  assert.match(nobody?.repair?.lines.join() ?? '', /^tell the administrators of peer\.example,send the full chain/);
});

test('an authority that only our settings name is told where others are concerned, and nowhere else', () => {
  const { peer } = first(seen({ believers: PUBLIC }, { believers: PRIVATE }));
  assert.deepEqual([peer?.cause, peer?.confidence], ['D13', 'likely']);
  assert.match(peer?.effect ?? '', /other servers in 1 room that we share cannot talk to it/);
  assert.match(peer?.proof[0] ?? '', /on ours, not on that of Mozilla/);
  assert.equal(first(seen({ believers: PUBLIC }, { believers: PRIVATE }, 0)).peer, undefined, 'nobody else is there');
  const closed = first(seen({ believers: PRIVATE }, { believers: PRIVATE }));
  assert.deepEqual([closed.us, closed.peer], [undefined, undefined], 'a network of its own');
  assert.match(closed.unproven, /\(Of the house\) is not on the list of Mozilla/);
  const { us } = first(seen({ believers: PRIVATE }, { believers: PUBLIC }));
  assert.match(us?.effect ?? '', /servers that were not told of that authority cannot talk to us/);
});

test('settings that check no certificates have nothing to tell', () => {
  const { us, peer, unproven } = first(seen({}, {}));
  assert.deepEqual([us, peer], [undefined, undefined]);
  assert.doesNotMatch(unproven, /authority/);
});

test('a certificate that ends soon is told of, by how long it is good', () => {
  const ends = (days: number, life: number) =>
    first(seen({ notBefore: NOW + (days - life) * DAY_MS, notAfter: NOW + days * DAY_MS }, {})).us;
  assert.equal(ends(15, 90), undefined);
  assert.match(ends(13, 90)?.effect ?? '', /^in 13 d 0 h other servers and clients stop talking to us/);
  assert.equal(ends(3, 6), undefined, 'it is renewed when a third of its time is left');
  assert.equal(ends(1, 6)?.title, 'our certificate ends soon');
  assert.equal(ends(-1, 90), undefined, 'that is over, and told as such');
});
