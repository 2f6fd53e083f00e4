import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf, frontFacts, placeFacts } from '../../../../test/support/doctor-facts.ts';
import { diagnose } from '../diagnose.ts';
import type { PlaceFacts } from '../facts.ts';

const V6 = placeFacts({ family: 6, address: '2001:db8::1', port: 443 });

/** What is found where one address is so, and the other is this server; from here, and by another Copse. */
function found(place: Partial<PlaceFacts>) {
  const route = { ...frontFacts().route, places: [placeFacts({ port: 443, ...place }), V6] };
  const front = frontFacts({ route });
  const facts = factsOf([]);
  const inside = diagnose({ ...facts, us: { ...facts.us, front } }).us.findings;
  const outside = { vantage: 'far.example', front, error: null };
  const both = diagnose({ ...facts, us: { ...facts.us, outside } }).us.findings;
  return [inside, both].map(([first]) => [
    first?.cause,
    first?.confidence,
    /--vantage/.test(first?.proof.join() ?? ''),
  ]);
}

test('an address that does not lead back to ourselves from inside may still let others in', () => {
  const error = 'no answer within 8 s';
  const nothing: Partial<PlaceFacts> = { reached: 'nothing', certificate: null, answers: [], error };
  assert.deepEqual(found(nothing), [
    ['D10', 'likely', true],
    ['D10', 'proven', false],
  ]);
});

test('the page of a router at one of our addresses is not held for what others see', () => {
  const { certificate } = placeFacts();
  assert.ok(certificate !== null);
  const names = ['DNS:router.local'];
  const router = { certificate: { ...certificate, names, distrust: 'ERR_TLS_CERT_ALTNAME_INVALID' }, answers: [] };
  assert.deepEqual(found(router), [
    ['D07', 'likely', true],
    ['D07', 'proven', false],
  ]);
});
