import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { HistoryWorld } from '../../../test/support/history-world.ts';
import { DORA, newest, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, bodiesSeen, say, setState } from '../../../test/support/rooms.ts';
import { systemRandom } from '../../base/random.ts';
import { type Leases, SoleLeases } from '../../cluster/leases.ts';
import { OPEN_ACL } from '../../core/server-acl.ts';
import type { Database } from '../../db/database.ts';
import { addHole, forgetHoles } from '../../rooms/extremities.table.ts';
import { ingest } from '../../rooms/ingest.ts';
import { beginAtHeads } from '../../rooms/log-reader.table.ts';
import { PeerEvents } from '../gaps/peer-events.ts';
import { addToInbox, rememberTransaction } from '../inbound/inbox.table.ts';
import { PublishedKeys } from '../keys/published-keys.ts';
import { recordFailure } from '../outbound/destination.table.ts';
import { READER } from '../outbound/log-follower.ts';
import { queueEdus } from '../outbound/outbound-edu.table.ts';
import { setAside } from '../outbound/set-aside.table.ts';
import { diagnose } from './diagnose.ts';
import { Doctor, THOROUGH } from './doctor.ts';
import { Echoes } from './echoes.ts';
import type { Facts } from './facts.ts';
import { OwnFailures } from './own-failures.ts';
import { PeerLedger } from './peer-ledger.ts';
import { readFacts } from './read-facts.ts';
import { fillSharedRooms } from './repairs/fill-shared-rooms.ts';
import { suspects } from './suspects.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const never = new AbortController().signal;

/** A doctor without a network to look at, in a room with another server. */
async function startedDoctor(t: TestContext, db: Database, leases: Pick<Leases, 'workers'> = new SoleLeases()) {
  const world = await HistoryWorld.start(t, db);
  const { here, servers } = world;
  const remote = await world.newRoom();
  const room = await world.enter(remote);
  const doctor = new Doctor({
    rooms: here,
    leases,
    failures: new OwnFailures(here),
    machine: { disk: async () => ({ free: 1e12, total: 1e12 }), cutOff: () => [], front: () => undefined },
    client: servers.client,
    peers: new PeerEvents(servers.client),
    ledger: new PeerLedger(here),
    echoes: new Echoes({ ...here, random: systemRandom }),
    published: new PublishedKeys({ identity: here, oldKeys: [], clock: here.clock }),
    ...{
      policy: OPEN_ACL,
      notaries: [],
      software: 'Copse test',
      upstream: 'http://127.0.0.1:8008',
      network: undefined,
    },
  });
  const look = async () => {
    const facts = await doctor.examine([TWO], never, { ...THOROUGH, doubtMs: 0 });
    // What is seen can be kept, and read again.
    assert.deepEqual(await readFacts(JSON.stringify(facts)), facts);
    return facts;
  };
  const domainNid = await db.tx(tx => here.nids.domains.internOne(tx, TWO));
  return { world, room, remote, look, domainNid, doctor };
}

const causesIn = (facts: Facts) => diagnose(facts).peers[0]?.findings.map(({ cause }) => cause);

onEachDatabase('what waits for a server, and what was held against it, are facts', async (db, t) => {
  const { world, look, domainNid } = await startedDoctor(t, db);
  const now = world.here.clock.now();
  assert.deepEqual(causesIn(await look()), []);
  await db.tx(async tx => {
    await recordFailure(tx, domainNid, {
      now: now - HOUR_MS,
      retryAt: now + HOUR_MS,
      reason: 'two.example refused with 429: slow',
    });
    await queueEdus(tx, [
      { domainNid, json: JSON.stringify({ edu_type: 'm.direct_to_device', content: 'x'.repeat(500) }) },
    ]);
    await setAside(tx, {
      domainNid,
      ts: now,
      kind: 'm.direct_to_device',
      roomNid: null,
      eventId: null,
      reason: 'two.example refused with 400: bad',
      json: '{}',
    });
    await setAside(tx, {
      domainNid,
      ts: now - 30 * 24 * HOUR_MS,
      kind: 'event',
      roomNid: null,
      eventId: '$old',
      reason: 'old',
      json: null,
    });
  });
  const facts = await look();
  const sending = facts.peers[0]?.sending;
  assert.equal(sending?.retryAt, now + HOUR_MS);
  assert.equal(sending?.edus, 1);
  assert.ok((sending?.largestEdu ?? 0) > 500);
  assert.equal(sending?.eduBytes, sending?.largestEdu);
  assert.deepEqual(
    sending?.setAside.map(({ kind, bytes }) => [kind, bytes]),
    [['m.direct_to_device', 2]],
  );
  assert.deepEqual(causesIn(facts), ['D04', 'D23']);
});

onEachDatabase('a lost tail is seen, and taken in only when it is asked for', async (db, t) => {
  const { world, room, remote, look } = await startedDoctor(t, db);
  const bodies = ['one', 'two', 'three'];
  for (const body of bodies) await say(world.there, remote, DORA, body);
  world.here.clock.advance(HOUR_MS);
  const facts = await look();
  const [seen] = facts.peers[0]?.rooms ?? [];
  assert.equal(seen?.probe?.unknown.length, 1);
  assert.equal(seen?.probe?.unknown[0]?.sender, DORA);
  assert.deepEqual(causesIn(facts), ['D01', 'D20']);
  assert.match(diagnose(facts).peers[0]?.findings[0]?.effect ?? '', /at least 3 events missing in 1 room/);
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), []);
  const { here: rooms, probing, holes, drain } = world;
  const lines = await fillSharedRooms({ rooms, probing, holes, drain, drained: () => world.settled() }, TWO, never);
  assert.deepEqual(lines, [
    'asked it about 1 room: 1 end with the same events now',
    '3 events came; 0 events still missing',
  ]);
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), bodies);
  assert.deepEqual(causesIn(await look()), []);
});

onEachDatabase('a hole is a fact with whom was asked for it', async (db, t) => {
  const { world, remote, look } = await startedDoctor(t, db);
  await say(world.there, remote, DORA, 'lost');
  world.servers.instead = (_, { path }) =>
    /\/(event|get_missing_events|backfill)\//.test(path) ? { events: [], pdus: [] } : undefined;
  await say(world.there, remote, DORA, 'came');
  await world.send([await newest(world.there, remote)]);
  // What builds on it is taken in without it in the second round of asking.
  world.here.clock.advance(60_000);
  await world.drain.start();
  await world.settled();
  await world.holes.work();
  world.servers.instead = () => undefined;
  const [room] = (await look()).peers[0]?.rooms ?? [];
  assert.equal(room?.missing, 1);
  assert.equal(room?.holes.length, 1);
  assert.ok(room?.holes[0]?.asked[0]?.startsWith(`${TWO}: `));
});

onEachDatabase('an ACL, refused events and what waits are facts of a room', async (db, t) => {
  const { world, room, remote, look, domainNid } = await startedDoctor(t, db);
  const { here } = world;
  await setState(world.there, remote, DORA, 'm.room.server_acl', { allow: ['*'], deny: ['one.example'] });
  await here.db.tx(async tx => ingest(here, tx, room, (await newest(world.there, remote)).event));
  const event = { originNid: domainNid, roomNid: room.nid, eventId: '$waits' as never, json: '{}' };
  await here.db.tx(tx => addToInbox(tx, event, here.clock.now()));
  here.clock.advance(HOUR_MS);
  const facts = await look();
  const [peer] = facts.peers;
  assert.equal(peer?.rooms[0]?.aclAllowsUs, false);
  assert.equal(peer?.rooms[0]?.aclAllowsThem, true);
  assert.equal(peer?.rooms[0]?.probe?.status, 403);
  assert.deepEqual(
    peer?.receiving?.waitingRooms.map(({ roomId, events }) => [roomId, events]),
    [[room.roomId, 1]],
  );
  assert.deepEqual(causesIn(facts)?.toSorted(), ['D22', 'D26']);
});

onEachDatabase('what a room ends with elsewhere may wait here to be taken in', async (db, t) => {
  const { world, room, remote, look, domainNid } = await startedDoctor(t, db);
  const { here } = world;
  const { event } = await say(world.there, remote, DORA, 'waits');
  const waiting = { originNid: domainNid, roomNid: room.nid, eventId: event.id, json: '{}' };
  const came = here.clock.now();
  await here.db.tx(tx => addToInbox(tx, waiting, came));
  here.clock.advance(HOUR_MS);
  const facts = await look();
  const unknown = facts.peers[0]?.rooms[0]?.probe?.unknown;
  assert.deepEqual(
    unknown?.map(({ eventId, waitsSince }) => [eventId, waitsSince]),
    [[event.id, came]],
  );
  assert.deepEqual(causesIn(facts), ['D22']);
});

onEachDatabase(
  'the keys that our own events are signed with are compared with those that we publish',
  async (db, t) => {
    const { world, room, look } = await startedDoctor(t, db);
    await say(world.here, room, ALICE, 'ours');
    const [key] = (await look()).us.eventKeys;
    assert.deepEqual(
      { id: key?.id, isPublished: key?.isPublished, holds: key?.holds },
      { id: world.here.signingKey.keyId, isPublished: true, holds: true },
    );
  },
);

onEachDatabase('who rests, who is silent and where something is missing strikes', async (db, t) => {
  const { world, room, domainNid } = await startedDoctor(t, db);
  const { here } = world;
  assert.deepEqual(await suspects(here), []);
  const now = here.clock.now();
  await db.tx(async tx => {
    for (let minute = 0; minute < 60; minute++)
      await rememberTransaction(tx, { originNid: domainNid, txnId: `${minute}`, answer: '{}' }, now - minute * 60_000);
  });
  assert.deepEqual(await suspects(here), []);
  here.clock.advance(HOUR_MS);
  assert.deepEqual(await suspects(here), [TWO]);
  here.clock.advance(24 * 30 * HOUR_MS);
  assert.deepEqual(await suspects(here), []);
  const later = here.clock.now();
  await db.tx(tx => addHole(tx, room.nid, '$lost' as never, 1, later));
  assert.deepEqual(await suspects(here), [TWO]);
  await db.tx(tx => forgetHoles(tx, room.nid));
  const failure = { now: later, retryAt: later + HOUR_MS, reason: 'gone' };
  await db.tx(tx => recordFailure(tx, domainNid, failure));
  assert.deepEqual(await suspects(here), [TWO]);
});

onEachDatabase('work that waits is told with who should do it, and for how long', async (db, t) => {
  const holders = new Map([['shard-3', 'board-1']]);
  const departed = [{ name: 'board-2', roles: ['federation-out'], ts: 1 }];
  const { world, room, doctor } = await startedDoctor(t, db, { workers: async () => ({ holders, departed }) });
  const causes = async () => diagnose(await doctor.ourselves()).us.findings;
  // Nobody follows the logs here.
  await db.tx(tx => beginAtHeads(tx, READER));
  assert.deepEqual(await causes(), []);
  await say(world.here, room, ALICE, 'for others');
  assert.deepEqual(await causes(), [], 'it may be on its way');
  world.here.clock.advance(MINUTE_MS);
  const [found] = await causes();
  assert.equal(found?.cause, 'D19');
  assert.match(found?.effect ?? '', /^other servers are not sent what happens here \(1 item waiting\)$/);
  assert.match(
    found?.proof.join('\n') ?? '',
    /^federation-log \(role federation-out\): 1 item, the first for 1 min; no process does it$/m,
  );
  assert.match(
    found?.proof.join('\n') ?? '',
    /^process board-2 \(federation-out\) fell silent and was held for dead /m,
  );
  assert.deepEqual(found?.repair?.lines.slice(-1), ['start one that has the role: copse role federation-out']);
  holders.set('federation-log', 'board-1');
  assert.deepEqual(await causes(), [], 'who has it may be on the way to it');
  world.here.clock.advance(HOUR_MS);
  const [later] = await causes();
  assert.equal(later?.repair?.kind, 'renew_work');
  assert.match(later?.proof[0] ?? '', /the first for 1 h 1 min; board-1 should do it$/);
});
