import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { HistoryWorld } from '../../../test/support/history-world.ts';
import { DORA, EMIL, receive, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, say } from '../../../test/support/rooms.ts';
import type { EventId } from '../../core/ids.ts';
import { addHole } from '../../rooms/extremities.table.ts';
import { updateHole } from '../gaps/holes.table.ts';
import { PeerEvents } from '../gaps/peer-events.ts';
import { Arrivals } from '../inbound/arrivals.ts';
import { addToInbox } from '../inbound/inbox.table.ts';
import { PublishedKeys } from '../keys/published-keys.ts';
import { upsertKeys } from '../keys/server-key.table.ts';
import { findEvents, foundText } from './find-events.ts';
import { type TraceParts, traceEvent, traceText } from './trace.ts';

const nobody = { peers: { heads: async () => [] }, arrivals: { of: () => undefined }, devices: () => new Map() };
const shards = Array.from({ length: 16 }, () => 0);

onEachDatabase('a trace tells what became of an event', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { here, there } = world;
  const remote = await world.newRoom();
  const arrivals = new Arrivals(here.budget);
  const room = await world.enter(remote);
  const parts: TraceParts = {
    rooms: here,
    published: new PublishedKeys({ identity: here, oldKeys: [], clock: here.clock }),
    peers: new PeerEvents(world.servers.client),
    arrivals,
    devices: nid =>
      new Map([
        [`PHONE${nid}`, { shards: shards.map(() => Number.MAX_SAFE_INTEGER), at: 0 }],
        ['OLD', { shards, at: 0 }],
      ]),
  };
  const told = async (eventId: string) => traceText(await traceEvent(parts, eventId as EventId, { isAsking: true }));

  assert.equal(await told('$nothing'), 'This server has never heard of $nothing.');

  const theirs = await say(there, remote, DORA, 'hello');
  await world.send([theirs]);
  assert.match(await told(theirs.event.id), /^signed +two\.example: ed25519:\S+, which we do not know$/m);
  const { keyId, publicKey } = there.signingKey;
  const key = { publicKey, validUntilTs: Number.MAX_SAFE_INTEGER, current: true };
  await db.tx(tx => upsertKeys(tx, TWO, new Map([[keyId, key]]), 0));
  const trace = await told(theirs.event.id);
  assert.match(trace, /^event +m\.room\.message by @dora:two\.example in !/m);
  assert.match(trace, /^signed +two\.example: ed25519:\S+, good$/m);
  assert.match(trace, /^judged +accepted$/m);
  assert.match(trace, /^stored +position \d+ of log \d+\n +nothing builds on it yet$/m);
  assert.match(trace, /^read +by 0 users/m);
  assert.doesNotMatch(trace, /^sent /m);
  assert.doesNotMatch(trace, /^received /m);
  arrivals.note([theirs.event.id], { server: TWO, at: 0, how: 'sent' });
  assert.match(await told(theirs.event.id), /^received +1970-01-01 .* from two\.example, which sent it$/m);
  assert.match(
    trace,
    /^devices +given to 1 device that asked on after it: @alice:\S+ PHONE\d+ .*\n +not yet asked on after it: @alice:\S+ OLD$/m,
  );
  assert.match(trace, /^there +stands under what the room ends with at: two\.example$/m);

  const ours = await say(here, room, ALICE, 'our answer');
  // It was not sent here, and nobody says that it was.
  assert.match(await told(ours.event.id), /^there +does NOT stand under what the room ends with at: two\.example$/m);
  assert.match(await told(ours.event.id), /^sent +nothing of it waits for 1 server in the room: two\.example$/m);
  assert.match(await told(theirs.event.id), /later events build on it$/m);

  const { stored } = await receive(here, room, { sender: EMIL });
  assert.match(await told(stored.event.id), /^judged +rejected: .+$/m);
  assert.match(await told(stored.event.id), /^stored +outside of the timeline$/m);

  const found = await findEvents(here, { roomId: room.roomId });
  assert.ok(found.some(each => each.eventId === stored.event.id && each.judged.startsWith('rejected: ')));
  assert.deepEqual(
    [...new Set((await findEvents(here, { roomId: room.roomId, sender: ALICE })).map(each => each.sender))],
    [ALICE],
  );
  assert.deepEqual(await findEvents(here, { roomId: room.roomId, ts: 1 }), []);
  assert.match(foundText(found), /^\d{4}-.* m\.room\.message by @dora:two\.example, accepted$/m);
});

onEachDatabase('a trace tells of what waits and of what is missing', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { here } = world;
  const room = await world.enter(await world.newRoom());
  const published = new PublishedKeys({ identity: here, oldKeys: [], clock: here.clock });
  const told = async (eventId: EventId) => traceText(await traceEvent({ ...nobody, rooms: here, published }, eventId));
  const [waits, lacks] = ['$waits' as EventId, '$lacks' as EventId];
  const now = here.clock.now();
  await db.tx(async tx => {
    const originNid = await here.nids.domains.internOne(tx, TWO);
    await addToInbox(tx, { originNid, roomNid: room.nid, eventId: waits, json: '{}' }, now);
    await addHole(tx, room.nid, lacks, 1, now);
    await updateHole(tx, room.nid, lacks, { due: null, tries: 1, asked: '{"two.example":"none"}' });
  });
  assert.match(await told(waits), /^received +20.* UTC from two\.example, for !.*\nwaits +0 tries, tried again 20/m);
  assert.match(await told(lacks), /^missing +in !.* since 20.*\n +no server .* it is lost\n +two\.example: none$/m);
});
