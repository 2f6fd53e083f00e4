import assert from 'node:assert/strict';
import { AccountsWorld, assertError, SERVER_NAME, withAccounts } from '../../../../test/support/accounts.ts';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { newRoom, roomsOn, say } from '../../../../test/support/rooms.ts';
import { deleteReport, listReports, reportById } from '../../../accounts/report.table.ts';
import { join, leave } from '../../../rooms/membership.ts';
import { reportRoutes } from './routes.ts';

const ALL = { backward: true, from: 0, limit: 10 };

async function worldOf(world: AccountsWorld) {
  const rooms = roomsOn(world.db, SERVER_NAME);
  world.server.add(reportRoutes({ accounts: world.accounts, rooms }));
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const room = await newRoom(rooms, { creator: alice.id });
  const event = await say(rooms, room, alice.id, 'buy this');
  const report = (path: string, body: unknown = { reason: 'spam' }) =>
    world.call('POST', path, { token: bob.token, body });
  return { rooms, alice, bob, room, event, report };
}

onEachDatabase('what is reported is kept for the administrators', async db => {
  await using world = new AccountsWorld(db);
  const { rooms, alice, bob, room, event, report } = await worldOf(world);
  await join(rooms, room, { sender: bob.id });
  const path = `rooms/${room.roomId}/report`;
  assert.equal((await report(`${path}/${event.event.id}`, { reason: 'spam', score: -100 })).status, 200);
  assert.equal((await report(`${path}/${event.event.id}`, { reason: null })).status, 200);
  assert.equal((await report(`${path}/${event.event.id}`, {})).status, 200);
  await leave(rooms, room, { sender: bob.id });
  assert.equal((await report(path)).status, 200);
  assert.equal((await report(`users/${alice.id}/report`, { reason: '' })).status, 200);

  const { userNid } = await world.accounts.users.require(bob.id);
  const events = await listReports(db, 'event', {}, ALL);
  assert.equal(events.length, 3);
  const { nid, ...first } = events.at(-1) ?? { nid: 0 };
  const about = { reporter_nid: userNid, room_id: room.roomId, event_id: event.event.id, user_id: alice.id };
  const expected = { ...about, reporter: bob.id, room_name: null, room_alias: null };
  assert.deepEqual(first, { ...expected, reason: 'spam', score: -100, ts: world.clock.now() });
  assert.equal((await listReports(db, 'event', {}, { ...ALL, from: 1 })).length, events.length - 1);
  assert.equal((await listReports(db, 'room', {}, ALL))[0]?.room_id, room.roomId);
  const [ofUser] = await listReports(db, 'user', {}, ALL);
  assert.deepEqual([ofUser?.user_id, ofUser?.room_id, ofUser?.reason], [alice.id, null, '']);
  assert.equal(await db.tx(tx => deleteReport(tx, 'room', nid)), false);
  assert.equal(await db.tx(tx => deleteReport(tx, 'event', nid)), true);
  assert.equal(await reportById(db, 'event', nid), undefined);
});

withAccounts('what cannot be seen or does not exist cannot be reported', async world => {
  const { rooms, bob, room, event, report } = await worldOf(world);
  const path = `rooms/${room.roomId}/report`;
  assertError(await report(`${path}/${event.event.id}`), 404, 'M_NOT_FOUND');
  await join(rooms, room, { sender: bob.id });
  assertError(await report(`${path}/$nothing`), 404, 'M_NOT_FOUND');
  assertError(await report('rooms/!nowhere:copse.test/report'), 404, 'M_NOT_FOUND');
  assertError(await report(`rooms/!nowhere:copse.test/report/${event.event.id}`), 404, 'M_NOT_FOUND');
  assertError(await report('users/@nobody:copse.test/report'), 404, 'M_NOT_FOUND');
  assertError(await report('users/@stranger:two.example/report'), 404, 'M_NOT_FOUND');
  assertError(await report('users/nobody/report'), 404, 'M_NOT_FOUND');
  for (const body of [{ reason: 1 }, { reason: '', score: 1 }, { reason: '', score: -101 }])
    assertError(await report(path, body), 400, 'M_BAD_JSON');
  assertError(await report(path, { reason: 'x'.repeat(4001) }), 400, 'M_INVALID_PARAM');
  assertError(await world.call('POST', path, { body: {} }), 401, 'M_MISSING_TOKEN');
});

withAccounts('nobody buries the reports of others', async world => {
  const { room, report } = await worldOf(world);
  const path = `rooms/${room.roomId}/report`;
  for (let at = 0; at < 300; at++) assert.equal((await report(path)).status, 200);
  assertError(await report(path), 429, 'M_LIMIT_EXCEEDED');
  world.clock.advance(86_400_001);
  assert.equal((await report(path)).status, 200);
});
