import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf, NOW, peerFacts, roomFacts } from '../../../test/support/doctor-facts.ts';
import { SteppingClock } from '../../../test/support/fake-internet.ts';
import { silentLog } from '../../base/log.ts';
import type { ServerName } from '../../core/ids.ts';
import type { PeerFacts } from './facts.ts';
import { silenceChance } from './suspects.ts';
import { Watch } from './watch.ts';

const never = new AbortController().signal;
const HOUR_MS = 3_600_000;
const refused = [{ reason: 'banned', isSoft: false, events: 1, newestAt: NOW }];
const SICK = peerFacts({ rooms: [roomFacts({ refused })] });
const LACKING = peerFacts({ rooms: [roomFacts({ missing: 3 })] });

/** A watch over servers whose facts a test sets. */
function watched(suspects: readonly string[]) {
  const clock = new SteppingClock();
  const seen = new Map<string, PeerFacts>();
  const told: string[] = [];
  const looked: string[] = [];
  const repaired: string[] = [];
  const watch = new Watch({
    clock,
    log: silentLog,
    suspects: async () => suspects as ServerName[],
    tell: async text => void told.push(text),
    doctor: {
      ourselves: async () => factsOf([], null),
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
  return { watch, clock, seen, told, looked, repaired };
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

test('a silence is measured against the rate that a server had', () => {
  const minute = 60_000;
  const pace = { origin_nid: 1, n: 101, first: NOW - 200 * minute, last: NOW - 100 * minute };
  assert.ok(silenceChance(pace, NOW) < 1e-4);
  assert.ok(silenceChance({ ...pace, last: NOW - 3 * minute }, NOW) > 1e-4);
  // One that sends seldom may be silent for long.
  assert.ok(silenceChance({ ...pace, first: NOW - 20_000 * minute, n: 21 }, NOW) > 1e-4);
  assert.equal(silenceChance({ ...pace, n: 5 }, NOW), 1);
});
