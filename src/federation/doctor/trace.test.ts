import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { HistoryWorld } from '../../../test/support/history-world.ts';
import { DORA, EMIL, receive, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, say } from '../../../test/support/rooms.ts';
import type { EventId } from '../../core/ids.ts';
import { addHole } from '../../rooms/extremities.table.ts';
import { updateHole } from '../gaps/holes.table.ts';
import { addToInbox } from '../inbound/inbox.table.ts';
import { PublishedKeys } from '../keys/published-keys.ts';
import { upsertKeys } from '../keys/server-key.table.ts';
import { traceEvent, traceText } from './trace.ts';

onEachDatabase('a trace tells what became of an event', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { here, there } = world;
  const remote = await world.newRoom();
  const room = await world.enter(remote);
  const published = new PublishedKeys({ identity: here, oldKeys: [], clock: here.clock });
  const told = async (eventId: string) => traceText(await traceEvent({ rooms: here, published }, eventId as EventId));

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

  const ours = await say(here, room, ALICE, 'our answer');
  assert.match(await told(ours.event.id), /^sent +nothing of it waits for 1 server in the room: two\.example$/m);
  assert.match(await told(theirs.event.id), /later events build on it$/m);

  const { stored } = await receive(here, room, { sender: EMIL });
  assert.match(await told(stored.event.id), /^judged +rejected: .+$/m);
  assert.match(await told(stored.event.id), /^stored +outside of the timeline$/m);
});

onEachDatabase('a trace tells of what waits and of what is missing', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { here } = world;
  const room = await world.enter(await world.newRoom());
  const published = new PublishedKeys({ identity: here, oldKeys: [], clock: here.clock });
  const told = async (eventId: EventId) => traceText(await traceEvent({ rooms: here, published }, eventId));
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
