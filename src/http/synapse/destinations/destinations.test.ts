import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal, TestApi } from '../../../../test/support/http.ts';
import { joinFrom } from '../../../../test/support/remote-events.ts';
import { newRoom, roomsOn } from '../../../../test/support/rooms.ts';
import type { ServerName, UserId } from '../../../core/ids.ts';
import { findStanding, recordFailure } from '../../../federation/outbound/destination.table.ts';
import { DestinationList } from '../../../federation/outbound/destination-list.ts';
import { destinationRoutes } from './routes.ts';

const BASE = '/_synapse/admin/v1/federation/destinations';
const TOOL = 'from=0&limit=25&dir=f';

interface Listed {
  readonly destinations: { readonly destination: string }[];
  readonly total: number;
  readonly next_token?: string;
}

onEachDatabase('administrators see the servers of their rooms, and try those again that fail', async (db, t) => {
  const rooms = roomsOn(db);
  const tried: number[] = [];
  const sender = { tryNow: async (nid: number) => void tried.push(nid) };
  const destinations = new DestinationList({ ...rooms, sender });
  const api = new TestApi(rooms, destinationRoutes({ destinations }), t);
  const get = async (path = '') => (await api.call('GET', 'root', BASE + path, { as: { isAdmin: true } })).body;
  const reset = (name: string) =>
    api.call('POST', 'root', `${BASE}/${name}/reset_connection`, { as: { isAdmin: true }, body: {} });
  const names = async (query: string) => ((await get(query)) as unknown as Listed).destinations.map(d => d.destination);
  const [one, two] = [await newRoom(rooms), await newRoom(rooms)];
  await joinFrom(rooms, one, '@dora:two.example' as UserId);
  await joinFrom(rooms, two, '@dora:two.example' as UserId);
  await joinFrom(rooms, two, '@eve:a-b.example' as UserId);
  const failing = await db.tx(tx => rooms.nids.domains.internOne(tx, 'dead.example' as ServerName));
  await db.tx(tx => recordFailure(tx, failing, { now: 5000, retryAt: 9000, reason: 'connect' }));

  assert.deepEqual(await names(`?${TOOL}&order_by=destination`), ['a-b.example', 'dead.example', 'two.example']);
  assert.deepEqual(await names('?order_by=failure_ts&dir=b&limit=1'), ['dead.example']);
  assert.deepEqual(await names('?destination=A-B'), ['a-b.example']);
  assert.deepEqual(await names('?destination=a_b'), [], 'not as a pattern');
  for (const column of ['retry_last_ts', 'retry_interval', 'last_successful_stream_ordering'])
    assert.equal((await names(`?${TOOL}&order_by=${column}`)).length, 3);
  const page = (await get('?limit=2')) as unknown as Listed;
  assert.deepEqual([page.total, page.next_token], [3, '2']);
  assert.deepEqual(await get('/dead.example'), {
    destination: 'dead.example',
    retry_last_ts: 5000,
    retry_interval: 4000,
    failure_ts: 5000,
    last_successful_stream_ordering: null,
    'io.copse.reason': 'connect',
  });
  const shared = (await get(`/two.example/rooms?${TOOL}&order_by=id`)) as unknown as {
    total: number;
    rooms: { room_id: string }[];
  };
  assert.deepEqual([shared.total, shared.rooms.map(room => room.room_id)], [2, [one.roomId, two.roomId].toSorted()]);

  assert.deepEqual(await refusal(reset('two.example')), [400, 'M_UNKNOWN']);
  assert.deepEqual(await refusal(reset('nowhere.example')), [404, 'M_NOT_FOUND']);
  assert.deepEqual((await reset('dead.example')).body, {});
  assert.deepEqual(tried, [failing]);
  assert.equal((await findStanding(db, failing))?.tries, 1, 'what comes of it the sender writes down');
  for (const path of ['', '/two.example', '/two.example/rooms'])
    assert.deepEqual(await refusal(api.get('alice', BASE + path)), [403, 'M_FORBIDDEN']);
  const own = await api.call('GET', 'root', `${BASE}/one.example`, { as: { isAdmin: true } });
  assert.equal(own.status, 404, 'this server is none of the others');
});
