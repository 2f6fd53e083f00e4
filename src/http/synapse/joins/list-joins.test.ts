import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { TestApi } from '../../../../test/support/http.ts';
import { newRoom, roomsOn } from '../../../../test/support/rooms.ts';
import type { RoomId, ServerName } from '../../../core/ids.ts';
import { JoinProgress } from '../../../federation/joining/join-progress.ts';
import { joinsStatus } from '../../../federation/joining/join-status.ts';
import { addIncomplete, postponeIncomplete } from '../../../rooms/incomplete-rooms.table.ts';
import { listJoins } from './list-joins.ts';

const LARGE = '!large:two.example' as RoomId;

onEachDatabase('administrators see joins as they go on, and what is left of others', async (db, t) => {
  const rooms = roomsOn(db);
  const progress = new JoinProgress({ monotonic: () => 0 });
  const api = new TestApi(rooms, [listJoins(() => joinsStatus(rooms, progress))], t);
  const get = async () =>
    (await api.call('GET', 'root', '/_synapse/admin/copse/v1/joins', { as: { isAdmin: true } })).body;
  assert.deepEqual(await get(), { running: [], unfinished: [] });

  const room = await newRoom(rooms);
  const servers = ['two.example' as ServerName];
  await db.tx(tx => addIncomplete(tx, { roomNid: room.nid, joinNid: 1, servers, now: 0 }));
  await db.tx(tx => postponeIncomplete(tx, room.nid, { due: 9000, problem: 'it stopped in the middle' }));
  using join = progress.begin(LARGE);
  join.asks('two.example' as ServerName);
  join.receives(() => ({ stored: 700, aside: 2, refused: 1 }));
  assert.deepEqual(await get(), {
    running: [
      {
        ...{ room_id: LARGE, phase: 'receiving', server: 'two.example', for_seconds: 0 },
        ...{ stored: 700, aside: 2, refused: 1 },
      },
    ],
    unfinished: [
      { room_id: room.roomId, lacks_members: true, awaited: 0, tries: 1, problem: 'it stopped in the middle' },
    ],
  });
});
