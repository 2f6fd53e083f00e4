import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { ALICE, newRoom, roomsOn, say, viewOf } from '../../../test/support/rooms.ts';
import { systemClock } from '../../base/clock.ts';
import { compileFilter } from '../event-filter.ts';
import type { RoomsParts } from '../parts.ts';
import { ENTRY_KINDS } from './entry-kind.ts';
import { Search } from './search.ts';
import { SearchIndexer } from './search-indexer.ts';

async function count(parts: RoomsParts, term: string): Promise<number> {
  const search = new Search(parts, { catchUp: async () => undefined });
  const view = await viewOf(parts, ALICE);
  const kinds = Object.values(ENTRY_KINDS);
  const filter = compileFilter();
  return (await search.find({ view, term, kinds, filter, order: 'recent', limit: 10, from: undefined })).count;
}

onEachDatabase('what was said while nobody indexed is found afterwards, once', async db => {
  const parts = roomsOn(db);
  const rooms = [await newRoom(parts), await newRoom(parts), await newRoom(parts)];
  for (const room of rooms) for (let i = 0; i < 60; i++) await say(parts, room, ALICE, `word ${i}`);
  assert.equal(await count(parts, 'word'), 0);
  const indexers = [new SearchIndexer(parts), new SearchIndexer(roomsOn(db))];
  await Promise.all(indexers.map(indexer => indexer.catchUp()));
  assert.equal(await count(parts, 'word'), 180);
  await new SearchIndexer(roomsOn(db)).catchUp();
  assert.equal(await count(parts, 'word'), 180);
});

onEachDatabase('it indexes what comes in until it is stopped', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  const stop = new AbortController();
  const running = new SearchIndexer({ ...parts, clock: systemClock }).run(stop.signal);
  await say(parts, room, ALICE, 'hello there');
  for (let tries = 0; (await count(parts, 'hello')) === 0 && tries < 3000; tries++) {
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  assert.equal(await count(parts, 'hello'), 1);
  stop.abort();
  await running;
  await say(parts, room, ALICE, 'hello again');
  assert.equal(await count(parts, 'again'), 0);
});

onEachDatabase('an event that cannot be indexed holds up no other', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  const first = await say(parts, room, ALICE, 'first');
  const poisoned = await say(parts, room, ALICE, 'poisoned');
  await say(parts, room, ALICE, 'last');
  const byNids: typeof parts.events.byNids = async (from, nids) => {
    if ([...nids].includes(poisoned.nid)) throw new RangeError('poison');
    return parts.events.byNids(from, nids);
  };
  const events = Object.create(parts.events, { byNids: { value: byNids } });
  await new SearchIndexer({ ...parts, events }).catchUp();
  assert.ok(first.nid > 0);
  assert.deepEqual(
    [await count(parts, 'first'), await count(parts, 'poisoned'), await count(parts, 'last')],
    [1, 0, 1],
  );
});
