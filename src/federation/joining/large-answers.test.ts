import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openSqlite } from '../../../test/support/databases.ts';
import { identityOf } from '../../../test/support/federation.ts';
import { membershipsOn } from '../../../test/support/memberships.ts';
import { keysOf } from '../../../test/support/resident-server.ts';
import { ALICE, roomsOn } from '../../../test/support/rooms.ts';
import { SignedRoom } from '../../../test/support/signed-room.ts';
import { nodeCrypto } from '../../base/node-crypto.ts';
import type { ServerName } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { roomHead } from '../../rooms/rooms.table.ts';
import { CheckedEvents } from '../events/checked-events.ts';

const TWO = identityOf('two.example', 2, 'ed25519:two');
const MIB = 1024 * 1024;

type Pieces = (state: readonly JsonObject[], clock: { advance(ms: number): void }) => Iterable<string | Uint8Array>;

/** Joins a room of two.example, whose answer comes in these pieces. */
async function joining(t: TestContext, pieces: Pieces, fill: (room: SignedRoom) => void = () => undefined) {
  const opened = await openSqlite();
  t.after(() => opened[Symbol.asyncDispose]());
  const rooms = roomsOn(opened.db);
  const told = new SignedRoom(TWO, '11');
  fill(told);
  const checked = new CheckedEvents({ crypto: nodeCrypto, keyRing: keysOf(rooms, TWO) });
  const request = async () => {
    const draft = { type: 'm.room.member', sender: ALICE, stateKey: ALICE, content: { membership: 'join' } };
    return { room_version: '11', event: told.room.pdu(draft) };
  };
  let [most, base] = [0, 0];
  const held = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const stream = async () => ({
    status: 200,
    header: () => undefined,
    body: (async function* () {
      base = held();
      for (const piece of pieces(told.state, rooms.clock)) {
        most = Math.max(most, held() - base);
        yield Buffer.from(piece);
        await new Promise(resolve => setImmediate(resolve));
      }
    })(),
    [Symbol.asyncDispose]: async () => undefined,
  });
  const { memberships } = membershipsOn(() => rooms, checked, { request, stream });
  const { roomId } = told.room;
  const wish = { roomId, via: ['two.example' as ServerName], userId: ALICE, content: { membership: 'join' } };
  return { rooms, roomId, join: () => memberships.join(wish), most: () => most / MIB };
}

const text = (events: readonly JsonObject[]) => events.map(event => JSON.stringify(event)).join();

test('N101 what is too long to be an event is passed over, in little memory', async t => {
  function* pieces(state: readonly JsonObject[]) {
    yield `{"event":"`;
    for (let at = 0; at < 1000; at++) yield 'x'.repeat(100_000);
    yield `","auth_chain":[{"type":"`;
    for (let at = 0; at < 1000; at++) yield 'x'.repeat(100_000);
    yield `"}],"state":[${text(state)}]}`;
  }
  const { rooms, roomId, join, most } = await joining(t, pieces);
  assert.equal(await join(), 'joined');
  const room = await rooms.rooms.get(rooms.db, roomId);
  assert.equal((await roomHead(rooms.db, room.nid)).joined_count, 2);
  assert.ok(most() < 64, `${most()} MiB`);
});

test('N101 an answer that never ends is given up once it is no state any more', async t => {
  let sent = 0;
  function* pieces(state: readonly JsonObject[]) {
    yield `{"state":[${text(state)}`;
    for (;;) {
      const piece = `,{"type":"m.room.member","n":${sent}}`.repeat(100);
      sent += piece.length;
      yield piece;
    }
  }
  const { rooms, roomId, join, most } = await joining(t, pieces);
  await assert.rejects(join(), { status: 502, message: /answered what cannot be used/ });
  assert.ok(sent < 4 * MIB && most() < 64, `${sent} bytes, ${most()} MiB`);
  const room = await rooms.rooms.get(rooms.db, roomId);
  assert.equal((await roomHead(rooms.db, room.nid)).joined_count, 0);
});

test('N101 an answer that comes byte by byte is not waited for', async t => {
  let sent = 0;
  function* pieces(state: readonly JsonObject[], clock: { advance(ms: number): void }) {
    for (const letter of `{"state":[${text(state)}]}`) {
      clock.advance(1000);
      sent++;
      yield letter;
    }
  }
  const { join } = await joining(t, pieces);
  await assert.rejects(join(), { status: 502, message: /too slowly/ });
  assert.ok(sent < 100, `${sent} seconds`);
});

test('an answer that is cut off, or no JSON, brings nobody in', async t => {
  const cuts = [
    (state: readonly JsonObject[]) => [`{"state":[${text(state)}`],
    (state: readonly JsonObject[]) => [`{"state":[${text(state)}],"auth_chain":[`],
    () => ['[200,{"state":[],"auth_chain":[]}]'],
    () => ['<html>'],
    () => [],
    (state: readonly JsonObject[]) => [`{"state":[${text(state)}],"state":[]}`],
  ];
  for (const cut of cuts) {
    const { join } = await joining(t, cut);
    await assert.rejects(join(), { status: 502 });
  }
});

test('a room of a thousand members comes in little memory, and all of them are there', async t => {
  const fill = ({ room }: SignedRoom) => {
    for (let at = 0; at < 1000; at++)
      room.member(`@u${at}:two.example`, 'join', undefined, { displayname: 'x'.repeat(300) });
  };
  const { rooms, roomId, join, most } = await joining(
    t,
    function* (state) {
      yield '{"state":[';
      for (const [at, event] of state.entries()) yield `${at === 0 ? '' : ','}${JSON.stringify(event)}`;
      yield ']}';
    },
    fill,
  );
  assert.equal(await join(), 'joined');
  const room = await rooms.rooms.get(rooms.db, roomId);
  assert.equal((await roomHead(rooms.db, room.nid)).joined_count, 1002);
  assert.ok(most() < 64, `${most()} MiB`);
});
