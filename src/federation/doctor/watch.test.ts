import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf, frontFacts, NOW, peerFacts, placeFacts, roomFacts } from '../../../test/support/doctor-facts.ts';
import { SteppingClock } from '../../../test/support/fake-internet.ts';
import { silentLog } from '../../base/log.ts';
import type { ServerName } from '../../core/ids.ts';
import type { PeerFacts } from './facts.ts';
import { silenceChance } from './suspects.ts';
import { Watch } from './watch.ts';

const never = new AbortController().signal;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const refused = [{ reason: 'banned', isSoft: false, events: 1, newestAt: NOW }];
const SICK = peerFacts({ rooms: [roomFacts({ refused })] });
const LACKING = peerFacts({ rooms: [roomFacts({ missing: 3 })] });

/** A watch over servers whose facts a test sets. */
function watched(suspects: readonly string[]) {
  const clock = new SteppingClock();
  const front = { seen: frontFacts(), looks: 0, heardAt: NOW - 1000 };
  const seen = new Map<string, PeerFacts>();
  const told: string[] = [];
  const looked: string[] = [];
  const repaired: string[] = [];
  const watch = new Watch({
    clock,
    log: silentLog,
    serverName: 'us.example' as ServerName,
    hasPublicName: true,
    suspects: async () => suspects as ServerName[],
    tell: async text => void told.push(text),
    doctor: {
      ourselves: async ({ withFront } = { withFront: false }) => {
        if (withFront) front.looks++;
        const facts = factsOf([], withFront ? front.seen : null);
        return { ...facts, us: { ...facts.us, heardAt: front.heardAt } };
      },
      examine: async ([server = '']) => {
        looked.push(server);
        return factsOf([{ ...(seen.get(server) ?? peerFacts()), server }], null);
      },
    },
    repairs: {
      async repair(server, kind) {
        repaired.push(`${server} ${kind}`);
        seen.delete(server);
        return { server, lines: [] };
      },
      takeState: () => assert.fail('nobody wanted it'),
    },
  });
  return { watch, clock, front, seen, told, looked, repaired };
}

test('trouble is told of once when it comes, and looked at until it is over', async () => {
  const { watch, clock, seen, told, looked } = watched(['a.example', 'b.example']);
  seen.set('a.example', SICK);
  await watch.turn(never);
  assert.match(told.join(), /^a\.example: we refuse events that others show \(D24\)\./);
  assert.equal(watch.open, 1);
  await watch.turn(never);
  // Nobody is due any more.
  await watch.turn(never);
  assert.deepEqual(looked, ['a.example', 'b.example']);
  clock.advance(HOUR_MS);
  await watch.turn(never);
  assert.equal(told.length, 1);
  seen.delete('a.example');
  clock.advance(HOUR_MS);
  await watch.turn(never);
  assert.equal(watch.open, 0);
  assert.equal(told.length, 1);
});

test('what can be done is done before anybody is told', async () => {
  const { watch, seen, told, looked, repaired } = watched(['a.example']);
  seen.set('a.example', LACKING);
  await watch.turn(never);
  assert.deepEqual(repaired, ['a.example fill_rooms']);
  assert.deepEqual(looked, ['a.example', 'a.example']);
  assert.deepEqual(told, []);
  assert.equal(watch.open, 0);
});

test('our own public name is looked at now and then, and told of once', async () => {
  const { watch, clock, front, told, looked } = watched([]);
  await watch.turn(never);
  assert.equal(front.looks, 0, 'a server that has just begun is let be');
  const { certificate } = placeFacts();
  assert.ok(certificate !== null);
  const places = [placeFacts({ certificate: { ...certificate, distrust: 'CERT_HAS_EXPIRED', notAfter: NOW - 1 } })];
  front.seen = frontFacts({ route: { ...frontFacts().route, places } });
  clock.advance(10 * MINUTE_MS);
  for (let turns = 0; turns < 13; turns++) {
    await watch.turn(never);
    clock.advance(5 * MINUTE_MS);
  }
  assert.equal(front.looks, 2, 'once an hour while something is wrong');
  assert.equal(told.length, 1);
  assert.match(
    told.join(),
    /^us\.example: our certificate cannot be believed \(D13\)\..*\n`copse doctor federation` says more/s,
  );
  assert.equal(watch.open, 1, 'a look without the name says nothing of it');
  front.seen = frontFacts();
  clock.advance(HOUR_MS);
  await watch.turn(never);
  assert.deepEqual([front.looks, watch.open], [3, 0]);
  clock.advance(5 * HOUR_MS);
  await watch.turn(never);
  assert.equal(front.looks, 3);
  clock.advance(HOUR_MS);
  await watch.turn(never);
  assert.equal(front.looks, 4);
  assert.deepEqual([told.length, looked], [1, []]);
});

test('where others get in and we do not, nothing is told of our name', async () => {
  const { watch, clock, front, told } = watched([]);
  const [place, seen] = [placeFacts(), frontFacts()];
  const names = { subject: 'router.local', names: ['DNS:router.local'], distrust: 'DEPTH_ZERO_SELF_SIGNED_CERT' };
  const places = [{ ...place, certificate: { ...place.certificate!, ...names }, answers: [] }];
  const keys = { ...seen.keys, published: null };
  front.seen = { ...seen, keys, route: { ...seen.route, places } };
  clock.advance(10 * MINUTE_MS);
  await watch.turn(never);
  assert.deepEqual([front.looks, told], [1, []]);
  clock.advance(HOUR_MS);
  await watch.turn(never);
  assert.deepEqual([front.looks, told], [2, []]);
  front.heardAt = NOW - 2 * HOUR_MS;
  clock.advance(HOUR_MS);
  await watch.turn(never);
  assert.match(told.join(), /our certificate cannot be believed/, 'nobody was heard since');
});

test('what somebody else has found is looked at again in the turn that was said', async t => {
  const { watch, clock, looked, front } = watched([]);
  const [A, B, US] = ['a.example', 'b.example', 'us.example'] as ServerName[];
  assert.equal(watch.again(A!, true), undefined, 'nobody watches here');
  const end = new AbortController();
  const running = watch.run(end.signal);
  t.after(async () => {
    end.abort();
    await running;
  });
  assert.equal(watch.again(A!, false), undefined, 'nothing is wrong with it');
  clock.advance(MINUTE_MS);
  assert.equal(watch.again(A!, true), 9 * MINUTE_MS);
  assert.equal(watch.again(B!, true), 14 * MINUTE_MS, 'one server a turn');
  assert.equal(watch.again(US!, true), 19 * MINUTE_MS);
  clock.advance(8 * MINUTE_MS);
  await watch.turn(never);
  assert.deepEqual(looked, []);
  clock.advance(MINUTE_MS);
  assert.equal(watch.again(A!, false), 0, 'it was promised, also where all is well by now');
  await watch.turn(never);
  assert.deepEqual(looked, ['a.example']);
  assert.equal(watch.again(A!, false), undefined);
  const looks = front.looks;
  clock.advance(10 * MINUTE_MS);
  await watch.turn(never);
  assert.deepEqual([looked, front.looks], [['a.example', 'b.example'], looks + 1]);
});

test('a silence is measured against the rate that a server had', () => {
  const minute = 60_000;
  const pace = { origin_nid: 1, n: 101, first: NOW - 200 * minute, last: NOW - 100 * minute };
  assert.ok(silenceChance(pace, NOW) < 1e-4);
  assert.ok(silenceChance({ ...pace, last: NOW - 3 * minute }, NOW) > 1e-4);
  // One that sends seldom may be silent for long.
  assert.ok(silenceChance({ ...pace, first: NOW - 20_000 * minute, n: 21 }, NOW) > 1e-4);
  assert.equal(silenceChance({ ...pace, n: 5 }, NOW), 1);
});
