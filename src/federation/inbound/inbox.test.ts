import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { FaultyDatabase } from '../../../test/support/faulty-database.ts';
import { DORA, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, bodiesSeen, say, setState } from '../../../test/support/rooms.ts';
import { TalkingServers } from '../../../test/support/talking-servers.ts';
import type { JsonObject } from '../../core/json.ts';
import { extremities } from '../../rooms/extremities.table.ts';
import { inboxFigures } from './inbox.table.ts';

onEachDatabase('N079 N087 events of a transaction are taken in, once, and the answer is told again', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  for (const version of ['10', '11', '12']) {
    const { room, remote } = await servers.sharedRoom(version);
    const said = [await say(servers.there, remote, DORA, 'one'), await say(servers.there, remote, DORA, 'two')];
    const answer = await servers.send([said[1]!, said[0]!], [{ edu_type: 'm.x', content: {} }], `t${version}`);
    assert.deepEqual(answer, { pdus: { [said[1]!.event.id]: {}, [said[0]!.event.id]: {} } });
    assert.deepEqual(await bodiesSeen(servers.here, room, ALICE), ['one', 'two'], 'in their order');
    servers.here.clock.advance(25 * 3_600_000);
    const other = await say(servers.there, remote, DORA, 'never sent');
    assert.deepEqual(await servers.send([other], [{ edu_type: 'm.y' }], `t${version}`), answer);
    await servers.send(said);
    assert.deepEqual(await bodiesSeen(servers.here, room, ALICE), ['one', 'two']);
  }
  assert.equal(servers.edus.length, 3);
  assert.deepEqual(await inboxFigures(db), { waiting: 0, aside: 0 });
  assert.deepEqual(servers.asked, [], 'nothing was missing');
});

onEachDatabase(
  'N056 N082 an event that is none spoils none of its neighbours, and too many are refused',
  async (db, t) => {
    const servers = await TalkingServers.start(t, db);
    const { room, remote } = await servers.sharedRoom();
    const said = await say(servers.there, remote, DORA, 'good');
    const pdu = said.event.pdu as unknown as JsonObject;
    const float = JSON.stringify({ ...pdu, depth: 'D' }).replace('"D"', '1.0');
    const odd = [
      'null',
      '[]',
      '{"room_id":5}',
      '{"__proto__":{"room_id":"!a:b"}}',
      float,
      JSON.stringify({ room_id: remote.roomId }),
      JSON.stringify({ ...pdu, hashes: undefined }),
      JSON.stringify({ ...pdu, signatures: [] }),
      JSON.stringify({ ...pdu, signatures: { [TWO]: [] } }),
    ];
    const unsigned = { ...pdu, signatures: {} };
    assert.deepEqual(await servers.send([...odd, unsigned, said]), { pdus: { [said.event.id]: {} } });
    assert.deepEqual(
      await bodiesSeen(servers.here, room, ALICE),
      [],
      'the first of one ID counts, and it was not signed',
    );
    await servers.send([said]);
    assert.deepEqual(await bodiesSeen(servers.here, room, ALICE), ['good'], 'it comes again with its signature');
    const many = Array.from({ length: 51 }, () => '{}');
    await assert.rejects(servers.send(many), { errcode: 'M_INVALID_PARAM' });
    await assert.rejects(
      servers.send(
        [],
        Array.from({ length: 101 }, () => ({})),
      ),
      { errcode: 'M_INVALID_PARAM' },
    );
  },
);

onEachDatabase(
  'a transaction of events alone is acknowledged by one commit, and each event taken in by one',
  async (db, t) => {
    let transactions = 0;
    const counting = new FaultyDatabase(db, step => {
      if (step === 'begin') transactions++;
    });
    const servers = await TalkingServers.start(t, counting);
    const { room, remote } = await servers.sharedRoom();
    // The first of a server gives it a number.
    await servers.send([await say(servers.there, remote, DORA, 'first')]);
    const said = [await say(servers.there, remote, DORA, 'one'), await say(servers.there, remote, DORA, 'two')];
    transactions = 0;
    const answer = await servers.send(said, [], 'again');
    assert.equal(transactions, 3);
    assert.deepEqual(await bodiesSeen(servers.here, room, ALICE), ['first', 'one', 'two']);
    assert.deepEqual(await servers.send([], [], 'again'), answer, 'its answer is remembered');
    assert.deepEqual(servers.asked, [], 'nobody was asked for anything');
  },
);

onEachDatabase('what lies between is fetched, however much it is', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { room, remote } = await servers.sharedRoom();
  const bodies = Array.from({ length: 70 }, (_, at) => `text ${at}`);
  let last = await say(servers.there, remote, DORA, 'first');
  for (const body of bodies) last = await say(servers.there, remote, DORA, body);
  await servers.send([last]);
  assert.deepEqual(await bodiesSeen(servers.here, room, ALICE), ['first', ...bodies]);
  assert.equal((await extremities(db, room.nid)).length, 1);
  assert.ok(servers.asked.length < 10, `${servers.asked.length} requests`);
});

onEachDatabase('where nobody gives what lies between, the state behind the gap is taken', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { room, remote } = await servers.sharedRoom();
  const never = await say(servers.there, remote, DORA, 'never told');
  await setState(servers.there, remote, DORA, 'm.room.topic', { topic: 'of the gap' });
  const last = await say(servers.there, remote, DORA, 'told');
  const isGone = (path: string) => path.endsWith(encodeURIComponent(never.event.id));
  servers.instead = path => (path.includes('missing') ? { events: [] } : isGone(path) ? { pdus: [] } : undefined);
  const lost = last.event.prevIds[0]!;
  const answer = servers.instead;
  servers.instead = (path, body) => (path.endsWith(encodeURIComponent(lost)) ? { pdus: [] } : answer(path, body));
  await servers.send([last]);
  const { waiting } = await inboxFigures(db);
  assert.equal(waiting, 1, 'a state with an event that cannot be had is not believed');
  servers.instead = answer;
  servers.here.clock.advance(60_000);
  await servers.drain.start();
  await servers.settled();
  assert.deepEqual(await bodiesSeen(servers.here, room, ALICE), ['told']);
  const next = await say(servers.there, remote, DORA, 'and on');
  await servers.send([next]);
  assert.deepEqual(await bodiesSeen(servers.here, room, ALICE), ['told', 'and on']);
});

onEachDatabase('servers that the ACL bars or rooms that we are not in are told so', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { remote } = await servers.sharedRoom();
  const acl = { allow: ['*'], deny: [TWO], allow_ip_literals: true };
  await servers.send([
    await setState(servers.there, remote, DORA, 'm.room.server_acl', acl)
      .then(id => servers.there.events.byId(servers.there.db, id))
      .then(stored => stored!),
  ]);
  const said = await say(servers.there, remote, DORA, 'barred');
  const { pdus } = await servers.send([said]);
  assert.match(JSON.stringify(pdus), /ACL/);
  assert.deepEqual(await inboxFigures(db), { waiting: 0, aside: 0 });
});
