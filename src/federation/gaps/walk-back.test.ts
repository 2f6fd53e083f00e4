import assert from 'node:assert/strict';
import { refused } from '../../../test/support/asked-server.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { EVE, HistoryWorld, THREE } from '../../../test/support/history-world.ts';
import { DORA, newest, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, bodiesSeen, say, setState, stateContent } from '../../../test/support/rooms.ts';
import type { ServerName } from '../../core/ids.ts';
import { ingest } from '../../rooms/ingest.ts';
import { inboxFigures } from '../inbound/inbox.table.ts';

const kindOf = (path: string) => /\/v1\/([a-z_]+)/.exec(path)?.[1] ?? '';

/** What is due again after a try or two in vain is tried. */
async function later(world: HistoryWorld): Promise<void> {
  world.here.clock.advance(60_000);
  await world.drain.start();
  await world.settled();
}

/**
 * Some servers have what they tell of without its place in the room, and so tell neither the state before it nor what it
 * builds on; those of `mute` do not even give single events.
 */
function outliersAt(world: HistoryWorld, servers: readonly ServerName[], mute: readonly ServerName[] = []): void {
  world.servers.instead = (server, { path }) => {
    if (!servers.includes(server)) return undefined;
    const kind = kindOf(path);
    if (kind === 'get_missing_events') return { events: [] };
    if (kind === 'backfill') return { pdus: [] };
    if (kind === 'state_ids' || kind === 'state' || (kind === 'event' && mute.includes(server)))
      throw refused(server, 404, { errcode: 'M_NOT_FOUND', error: 'Event not found.' });
    return undefined;
  };
}

onEachDatabase('where nobody tells the state, single events lead back to what is here', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const [remote, other] = [await world.newRoom(), await world.newRoom()];
  const [room, elsewhere] = [await world.enter(remote), await world.enter(other)];
  for (const text of ['lost one', 'lost two']) await say(world.there, remote, DORA, text);
  await setState(world.there, remote, DORA, 'm.room.topic', { topic: 'of now' });
  const topic = await newest(world.there, remote);
  outliersAt(world, [TWO]);
  await world.send([topic, await say(world.there, other, DORA, 'in another room')]);
  assert.deepEqual(await bodiesSeen(world.here, elsewhere, ALICE), ['in another room'], 'the others do not wait');
  assert.equal((await inboxFigures(db)).waiting, 1);
  await later(world);
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), ['lost one', 'lost two']);
  assert.deepEqual(await stateContent(world.here, room, 'm.room.topic'), { topic: 'of now' });
  assert.equal((await inboxFigures(db)).waiting, 0);
});

onEachDatabase('another server of the room gives what the one that sent it does not', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  const theirs = await world.enterThird(remote);
  const room = await world.enter(remote);
  const joined = (await newest(world.here, room)).event;
  const hidden = await say(world.there, remote, DORA, 'hidden');
  const sent = await say(world.there, remote, DORA, 'sent');
  outliersAt(world, [TWO, THREE], [TWO]);
  await world.send([sent]);
  await later(world);
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), [], `${EVE} of the third has it no more than we do`);
  for (const event of [joined, hidden.event]) await world.third.db.tx(tx => ingest(world.third, tx, theirs, event));
  await later(world);
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), ['hidden', 'sent']);
});

onEachDatabase('a way back that does not end is not walked for ever', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  const room = await world.enter(remote);
  for (let at = 0; at < 120; at++) await say(world.there, remote, DORA, `far ${at}`);
  outliersAt(world, [TWO]);
  await world.send([await say(world.there, remote, DORA, 'sent')]);
  world.servers.asked.length = 0;
  await later(world);
  const single = world.servers.asked.filter(each => each.includes(' event/')).length;
  assert.ok(single > 90 && single <= 101, `${single} events were asked for`);
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), []);
});
