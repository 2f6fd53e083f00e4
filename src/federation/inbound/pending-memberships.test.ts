import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { memberEvent } from '../../../test/support/other-server.ts';
import { DORA, EMIL } from '../../../test/support/remote-events.ts';
import { ALICE, joinAll, newRoom, say, setState } from '../../../test/support/rooms.ts';
import { TalkingServers } from '../../../test/support/talking-servers.ts';
import type { UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { currentMembership } from '../../rooms/current-membership.ts';
import { ingest } from '../../rooms/ingest.ts';
import { storeOutOfBand } from '../../rooms/out-of-band.ts';

onEachDatabase('an invite from outside is withdrawn by who made it, and by nobody else', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { here, there } = servers;
  const remote = await newRoom(there, { creator: DORA, version: '11' });
  await joinAll(there, remote, [EMIL]);
  const member = (sender: UserId, membership: string) =>
    memberEvent(there, there, remote, { sender, target: ALICE, membership });
  const invite = await member(DORA, 'invite');
  const room = await db.tx(tx => here.rooms.findOrCreate(tx, remote.roomId, remote.version));
  await db.tx(tx => storeOutOfBand(here, tx, room, invite, []));
  const membership = async () => (await currentMembership(here, db, room, ALICE))?.membership;
  const send = async (sender: UserId, what: string) =>
    servers.send([(await member(sender, what)).pdu as unknown as JsonObject]);
  for (const [sender, what] of [
    [EMIL, 'leave'],
    [EMIL, 'ban'],
    [DORA, 'join'],
  ] as const) {
    await send(sender, what);
    assert.equal(await membership(), 'invite', `${sender} ${what}`);
  }
  assert.match(JSON.stringify(await servers.send([await say(there, remote, DORA, 'hi')])), /not in that room/);
  await send(DORA, 'leave');
  assert.equal(await membership(), 'leave');
});

onEachDatabase('what ended an earlier knock does not end the next one, however late it comes', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { here, there } = servers;
  const remote = await newRoom(there, { creator: DORA, version: '11' });
  await setState(there, remote, DORA, 'm.room.join_rules', { join_rule: 'knock' });
  const room = await db.tx(tx => here.rooms.findOrCreate(tx, remote.roomId, remote.version));
  const made = async (sender: UserId, membership: string) => {
    const event = await memberEvent(sender === ALICE ? here : there, there, remote, {
      sender,
      target: ALICE,
      membership,
    });
    const { outcome } = await there.db.tx(tx => ingest(there, tx, remote, event));
    assert.equal(outcome, 'accepted', membership);
    return event;
  };
  const knock = async () => {
    const event = await made(ALICE, 'knock');
    await db.tx(tx => storeOutOfBand(here, tx, room, event, []));
  };
  const membership = async () => (await currentMembership(here, db, room, ALICE))?.membership;
  const send = ({ pdu }: { readonly pdu: object }) => servers.send([pdu as JsonObject]);
  await knock();
  const rejection = await made(DORA, 'leave');
  await knock();
  await send(rejection);
  assert.equal(await membership(), 'knock');
  await send(await made(DORA, 'leave'));
  assert.equal(await membership(), 'leave');
  await knock();
  const late = await made(DORA, 'leave');
  const next = await made(ALICE, 'knock');
  const [kept, keeping] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const storing = db.tx(async tx => {
    await storeOutOfBand(here, tx, room, next, []);
    keeping.resolve();
    await kept.promise;
  });
  await keeping.promise;
  const sending = send(late);
  // On PostgreSQL the rejection is looked at meanwhile.
  setTimeout(() => kept.resolve(), 200);
  await Promise.all([storing, sending]);
  assert.equal(await membership(), 'knock');
});

onEachDatabase('events of a room that we are coming into wait until we are in it', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { room, remote } = await servers.sharedRoom();
  const early = await say(servers.there, remote, DORA, 'early');
  {
    using _ = servers.joining.begin(room);
    assert.deepEqual(await servers.send([early]), { pdus: { [early.event.id]: {} } });
    assert.equal(await servers.here.events.byId(db, early.event.id), undefined);
  }
  servers.here.clock.advance(60_000);
  await servers.drain.start();
  await servers.settled();
  assert.ok((await servers.here.events.byId(db, early.event.id))?.pos !== undefined);
});
