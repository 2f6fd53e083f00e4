import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { newRoom, roomsOn } from '../../test/support/rooms.ts';
import type { ServerName } from '../core/ids.ts';
import { addIncomplete, removeIncomplete } from './incomplete-rooms.table.ts';
import { untilWhole } from './incomplete-rooms.ts';
import type { RoomsParts } from './parts.ts';
import type { RemoteMemberships } from './ports.ts';

onEachDatabase('whoever waits for the members of a room is told how far they are', async db => {
  let progress: string | undefined = 'has 700 events';
  const memberships = { progressOf: () => progress } as unknown as RemoteMemberships;
  const rooms: RoomsParts = { ...roomsOn(db), memberships };
  const room = await newRoom(rooms);
  const servers = ['two.example' as ServerName];
  await db.tx(tx => addIncomplete(tx, { roomNid: room.nid, joinNid: 1, servers, now: 0 }));
  const wait = () => untilWhole(rooms, room, AbortSignal.abort());
  const refused = { errcode: 'M_UNKNOWN', status: 503, fields: { retry_after_ms: 5000 } };
  const coming = 'The members of the room are still coming';
  await assert.rejects(wait(), { ...refused, message: `${coming}: this server has 700 events.` });
  progress = undefined;
  await assert.rejects(wait(), { ...refused, message: `${coming}.` });
  await db.tx(tx => removeIncomplete(tx, room.nid));
  await wait();
});
