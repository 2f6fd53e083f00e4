import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { EVE, HistoryWorld, THREE } from '../../../test/support/history-world.ts';
import { DORA, newest, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, bodiesSeen, say, setState, timelineOf } from '../../../test/support/rooms.ts';
import { TalkingServers } from '../../../test/support/talking-servers.ts';
import { nodeCrypto } from '../../base/node-crypto.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { signEvent } from '../../core/signatures.ts';
import { sql } from '../../db/sql.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room, StoredEvent } from '../../rooms/room.ts';
import { inboxFigures } from './inbox.table.ts';

/** An event of another server once more, with changes made before it is signed. */
function changed(there: RoomsParts, room: Room, { event }: StoredEvent, changes: JsonObject): JsonObject {
  const { hashes: _, signatures: __, ...pdu } = event.pdu as unknown as JsonObject;
  return signEvent({ ...pdu, ...changes }, room.version, there.serverName, there.signingKey, nodeCrypto);
}

onEachDatabase('N054 the ID of an event is what its hash says, whatever it says itself', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { room, remote } = await servers.sharedRoom();
  const known = await say(servers.there, remote, DORA, 'the first');
  await servers.send([known]);
  const impostor = changed(servers.there, remote, known, { event_id: known.event.id, content: { body: 'another' } });
  const { pdus } = await servers.send([impostor]);
  const [id] = Object.keys(pdus as JsonObject);
  assert.notEqual(id, known.event.id);
  assert.deepEqual(await bodiesSeen(servers.here, room, ALICE), ['the first', 'another']);
  const stored = (await timelineOf(servers.here, room)).map(({ event }) => event.id);
  assert.deepEqual(stored.slice(-2), [known.event.id, id]);
});

onEachDatabase('N057 what another server says beside an event goes no further', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { room, remote } = await servers.sharedRoom();
  const said = await say(servers.there, remote, DORA, 'hello');
  const unsigned = {
    age: 5,
    transaction_id: 'of another',
    prev_content: { body: 'forged' },
    redacted_because: { type: 'm.room.redaction', sender: ALICE },
    'm.relations': { 'm.thread': { count: 1000 } },
  };
  await servers.send([{ ...(said.event.pdu as unknown as JsonObject), unsigned }]);
  assert.deepEqual(await bodiesSeen(servers.here, room, ALICE), ['hello']);
  const [row] = await db.all<{ json: string }>(sql`select json from event where event_id = ${said.event.id}`);
  assert.doesNotMatch(row!.json, /unsigned|forged|of another/);
});

onEachDatabase('N086 what is sent again after a crash before the answer is there once', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { room, remote } = await servers.sharedRoom();
  const said = await say(servers.there, remote, DORA, 'once');
  const answer = await servers.send([said], [], 'the transaction');
  // As if the events had been kept, and the process had ended before it noted what it would answer.
  assert.equal(await db.run(sql`delete from inbox_transaction`), 1);
  assert.deepEqual(await servers.send([said], [], 'the transaction'), answer);
  assert.deepEqual(await bodiesSeen(servers.here, room, ALICE), ['once']);
  assert.deepEqual(await inboxFigures(db), { waiting: 0, aside: 0 });
});

onEachDatabase(
  'N095 what a barred server says is taken as what others build on, and not from itself',
  async (db, t) => {
    const world = await HistoryWorld.start(t, db);
    const remote = await world.newRoom();
    const third = await world.enterThird(remote);
    const room = await world.enter(remote);
    const acl = { allow: ['*'], deny: [THREE], allow_ip_literals: true };
    await setState(world.there, remote, DORA, 'm.room.server_acl', acl);
    await world.send([await newest(world.there, remote)]);
    const barred = await say(world.third, third, EVE, 'barred');
    const answer = await world.receiveFrom(THREE, [barred]);
    assert.match(JSON.stringify(answer), /ACL/);
    assert.deepEqual(await bodiesSeen(world.here, room, ALICE), []);
    // The other server has taken it in, as it may: it stood in its way before the ACL did.
    await world.tell(remote, barred.event);
    await world.send([await say(world.there, remote, DORA, 'built on it')]);
    assert.deepEqual((await bodiesSeen(world.here, room, ALICE)).sort(), ['barred', 'built on it']);
  },
);

onEachDatabase('N105 an endless auth chain is left after a while, and nothing of it is kept', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { room, remote } = await servers.sharedRoom();
  const said = await say(servers.there, remote, DORA, 'resting on much');
  const pdu = changed(servers.there, remote, said, { auth_events: ['$unknown'.padEnd(44, 'x')] });
  let given = 0;
  servers.streamed = function* (): Generator<Json> {
    for (;;) yield { type: 'm.room.member', room_id: remote.roomId, content: {}, depth: given++ };
  };
  const before = await db.get<{ n: number }>(sql`select count(*) as n from event`);
  await servers.send([pdu]);
  assert.ok(given <= 3 * 20_200, `${given} events were looked at`);
  assert.deepEqual(await db.get<{ n: number }>(sql`select count(*) as n from event`), before);
  assert.deepEqual(await bodiesSeen(servers.here, room, ALICE), []);
  assert.deepEqual(await inboxFigures(db), { waiting: 1, aside: 0 }, 'it waits for somebody who can tell');
  assert.ok(servers.asked.filter(path => path.includes('/event_auth/')).length <= 2, TWO);
});
