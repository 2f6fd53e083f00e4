import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { identityOf } from '../../../test/support/federation.ts';
import { membershipsOn } from '../../../test/support/memberships.ts';
import { keysOf } from '../../../test/support/resident-server.ts';
import { ALICE, roomsOn } from '../../../test/support/rooms.ts';
import { SignedRoom } from '../../../test/support/signed-room.ts';
import { nodeCrypto } from '../../base/node-crypto.ts';
import type { Identity } from '../../core/identity.ts';
import type { EventId, UserId } from '../../core/ids.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { signEvent } from '../../core/signatures.ts';
import type { Database } from '../../db/database.ts';
import { currentMembership } from '../../rooms/current-membership.ts';
import { enterRoom } from '../../rooms/enter-room.ts';
import { ingest } from '../../rooms/ingest.ts';
import { storeOutliers } from '../../rooms/outliers.ts';
import { REJECTED, type Room } from '../../rooms/room.ts';
import { roomHead } from '../../rooms/rooms.table.ts';
import { stateOfEvents } from '../../rooms/state-of-events.ts';
import { CheckedEvents, readPdu } from '../events/checked-events.ts';
import { UnreachableError } from '../transport/errors.ts';
import { awaitedFigures, countAwaited, nextAwaited } from './awaited-event.table.ts';
import { StateIntake } from './state-intake.ts';

const TWO = identityOf('two.example', 2, 'ed25519:two');
const THREE = identityOf('three.example', 3, 'ed25519:three');
const FOUR = identityOf('four.example', 4, 'ed25519:four');

/** What a server that comes into a room of two.example works with; keys are had of the servers in `known`. */
async function world(db: Database, version = '11') {
  const rooms = roomsOn(db);
  const known: Pick<Identity, 'serverName' | 'signingKey'>[] = [rooms, TWO, THREE];
  const keyRing = { keysFor: async () => keysOf(...known).keysFor() };
  const checked = new CheckedEvents({ crypto: nodeCrypto, keyRing });
  const nobody = async (server: never): Promise<never> => {
    throw new UnreachableError(server, 'connect', 'nobody is there');
  };
  const memberships = membershipsOn(() => rooms, checked, { request: nobody, stream: nobody });
  const [awaited, joining] = [memberships.awaited(), memberships.joining];
  const told = new SignedRoom(TWO, version);
  for (const identity of [THREE, FOUR]) told.addServer(identity);
  const room = await db.tx(tx => rooms.rooms.findOrCreate(tx, told.room.roomId, told.room.version));
  const intake = new StateIntake({ rooms, checked }, room);
  const take = async (state: readonly JsonObject[], chain: readonly JsonObject[] = []) => {
    for (const pdu of state) await intake.add({ pdu, isState: true, bytes: 1000 });
    for (const pdu of chain) await intake.add({ pdu, isState: false, bytes: 1000 });
    await intake.finish();
  };
  return { rooms, known, checked, awaited, joining, told, room, intake, take };
}

type World = Awaited<ReturnType<typeof world>>;

/** Alice comes in with what was taken. */
async function enter({ rooms, told, room, intake }: World) {
  const pdu = told.room.pdu({ type: 'm.room.member', sender: ALICE, stateKey: ALICE, content: { membership: 'join' } });
  const signed = signEvent(pdu, room.version, rooms.serverName, rooms.signingKey, nodeCrypto);
  const join = read(signed, room);
  await rooms.db.tx(async tx => {
    const { state: missing } = await countAwaited(tx, room.nid);
    const root = await stateOfEvents(rooms, tx, room, intake.stateIds, { partial: missing > 0 });
    await enterRoom(rooms, tx, room, join, root);
  });
  return join;
}

function read(pdu: Json, room: Room) {
  const event = readPdu(pdu, room.version, nodeCrypto);
  if (event instanceof Error) throw event;
  return event;
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const rank = (at: number) => Math.sin((at + 1) * (seed + 1) * 12.9898) * 43758.5453;
  return items
    .map((item, at) => [rank(at) % 1, item] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, item]) => item);
}

/** Users that joined, some of them renamed later, so that their joins rest on earlier ones. */
function addMembers({ told }: Pick<World, 'told'>, count: number, server: string): UserId[] {
  return Array.from({ length: count }, (_, at) => {
    const user = `@u${at}:${server}` as UserId;
    told.room.member(user, 'join');
    if (at % 3 === 0) told.room.member(user, 'join', user, { displayname: 'renamed' });
    return user;
  });
}

const membershipOf = async ({ rooms, room }: World, user: UserId) =>
  (await currentMembership(rooms, rooms.db, room, user))?.membership;

onEachDatabase('events of a state come in any order and end up in the state', async db => {
  for (const [at, version] of ['1', '10', '12'].entries()) {
    const here = await world(db, version);
    addMembers(here, 120, 'three.example');
    const { told, take, rooms, room } = here;
    await take(shuffled(told.state, at), shuffled(told.authChain, at + 7));
    assert.deepEqual(await countAwaited(db, room.nid), { all: 0, state: 0 });
    await enter(here);
    const head = await roomHead(db, room.nid);
    assert.equal(head.joined_count, 122);
    assert.equal(await rooms.trees.count(db, room.nid, head.state_root), told.state.length + 1);
    assert.equal(await rooms.trees.isPartial(db, room.nid, head.state_root), false);
  }
});

onEachDatabase('members whose keys cannot be had come when they can, and everything goes on meanwhile', async db => {
  const here = await world(db);
  const { rooms, room, told, take, awaited, known } = here;
  addMembers(here, 10, 'three.example');
  const late = addMembers(here, 10, 'four.example');
  await take(told.state, told.authChain);
  assert.deepEqual(await countAwaited(db, room.nid), { all: 14, state: 10 }, 'with what renamed ones rest on');
  {
    using _ = here.joining.begin(room);
    await awaited.retry(room);
    await enter(here);
  }
  assert.equal((await roomHead(db, room.nid)).joined_count, 12);
  assert.equal(await membershipOf(here, late[0]!), undefined);
  known.push(FOUR);
  rooms.clock.advance(3_600_000);
  while (await awaited.retry(room));
  assert.deepEqual(await countAwaited(db, room.nid), { all: 0, state: 0 });
  const head = await roomHead(db, room.nid);
  assert.equal(head.joined_count, 22);
  for (const user of late) assert.equal(await membershipOf(here, user), 'join');
  assert.equal(await rooms.trees.isPartial(db, room.nid, head.state_root), false);
  assert.equal(await rooms.trees.count(db, room.nid, head.state_root), told.state.length + 1);
});

onEachDatabase('members whose keys nobody ever has do not keep a room from being whole for ever', async db => {
  const here = await world(db);
  const { rooms, room, told, take, awaited, joining } = here;
  addMembers(here, 10, 'three.example');
  addMembers(here, 10, 'four.example');
  await take(told.state, told.authChain);
  {
    using _ = joining.begin(room);
    await awaited.retry(room);
    await enter(here);
  }
  const isPartial = async () => rooms.trees.isPartial(db, room.nid, (await roomHead(db, room.nid)).state_root);
  const from = rooms.clock.now();
  while ((await nextAwaited(db)) !== undefined) {
    assert.equal(await isPartial(), true);
    rooms.clock.advance(6 * 3_600_000);
    while (await awaited.retry(room));
  }
  const days = (rooms.clock.now() - from) / 86_400_000;
  assert.ok(days > 5 && days < 14, `${days} days`);
  assert.equal(await isPartial(), false, 'as whole as it can be');
  assert.deepEqual(await awaitedFigures(db), { awaited: 0, givenUp: 14 });
  assert.equal((await roomHead(db, room.nid)).joined_count, 12);
});

onEachDatabase('a member that came late does not take the place of what was said since', async db => {
  const here = await world(db);
  const { rooms, room, told, take, awaited, known } = here;
  const [late] = addMembers(here, 1, 'four.example');
  await take(told.state, told.authChain);
  const join = await enter(here);
  const banned = told.room.pdu({
    type: 'm.room.member',
    sender: told.owner,
    stateKey: late!,
    content: { membership: 'ban' },
    prev: [join.id],
  });
  const auth = (banned.auth_events as Json[]).filter(id => id !== told.room.get('m.room.member', late!).id);
  const ban = read(told.signed({ ...banned, auth_events: auth, hashes: {} }), room);
  assert.equal((await db.tx(tx => ingest(rooms, tx, room, ban))).outcome, 'accepted');
  known.push(FOUR);
  rooms.clock.advance(3_600_000);
  while (await awaited.retry(room));
  assert.equal(await membershipOf(here, late!), 'ban');
});

onEachDatabase('while members are missing nobody is shut out for that', async db => {
  const here = await world(db);
  const { rooms, room, told, take, known } = here;
  const [late] = addMembers(here, 1, 'four.example');
  await take(told.state, told.authChain);
  const join = await enter(here);
  known.push(FOUR);
  // The message came with what authorises it, as gaps are filled.
  const chain = told.authChain.map(pdu => read(pdu, room)).filter(event => event.sender === late);
  await db.tx(tx => storeOutliers(rooms, tx, room, chain));
  const pdu = told.room.pdu({ type: 'm.room.message', sender: late!, content: { body: 'hi' }, prev: [join.id] });
  const message = read(told.signed(pdu), room);
  assert.equal((await db.tx(tx => ingest(rooms, tx, room, message))).outcome, 'accepted');
  const stranger = told.room.pdu({ type: 'm.room.message', sender: '@x:three.example', prev: [join.id] });
  const refused = await db.tx(tx => ingest(rooms, tx, room, read(told.signed(stranger), room)));
  assert.equal(refused.outcome, 'rejected');
});

onEachDatabase('N013 an event that was rejected once stays so when it comes as part of a state', async db => {
  const here = await world(db);
  const { rooms, room, told, take, intake } = here;
  const evil = told.room.pdu({ type: 'm.room.power_levels', sender: '@x:three.example', stateKey: '', content: {} });
  const pdu = told.signed(evil);
  const { id } = read(pdu, room);
  await take([...told.state.filter(event => event.type !== 'm.room.power_levels'), pdu], told.authChain);
  assert.ok(((await rooms.events.byId(db, id))?.flags ?? 0) & REJECTED);
  const again = new StateIntake({ rooms, checked: here.checked }, room);
  await again.add({ pdu, isState: true, bytes: 1000 });
  await again.finish();
  assert.ok(((await rooms.events.byId(db, id))?.flags ?? 0) & REJECTED);
  const root = await db.tx(tx => stateOfEvents(rooms, tx, room, [...again.stateIds, ...intake.stateIds]));
  assert.equal(await rooms.state.event(db, room, root, 'm.room.power_levels'), undefined);
});

onEachDatabase('what waits for a join that came to nothing is forgotten at the next start', async db => {
  const here = await world(db);
  const { room, told, take, awaited } = here;
  addMembers(here, 3, 'four.example');
  await take(told.state, told.authChain);
  assert.ok((await countAwaited(db, room.nid)).all > 0);
  await awaited.start();
  assert.deepEqual(await countAwaited(db, room.nid), { all: 0, state: 0 });
  await awaited[Symbol.asyncDispose]();
});

onEachDatabase('an answer full of events that are none is given up', async db => {
  const { intake, room } = await world(db);
  await assert.rejects(
    async () => {
      for (let at = 0; at < 20_000; at++) await intake.add({ pdu: { at }, isState: true, bytes: 10 });
      await intake.finish();
    },
    { name: 'NoStateError' },
  );
  assert.deepEqual(await countAwaited(db, room.nid), { all: 0, state: 0 });
  assert.ok((intake.stateIds as EventId[]).length === 0);
});
