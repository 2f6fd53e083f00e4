/**
 * What sliding sync costs a user of many rooms, beside `/sync`. Run: ./copse test bench-sliding [ROOMS...]
 * In this process, on SQLite, with 40 MiB of caches; CPU is that of this thread.
 */
import { Budget } from '../../src/base/budget.ts';
import type { UserId } from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { slidingRequest } from '../../src/http/client/sync/sliding-request.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';
import type { Room } from '../../src/rooms/room.ts';
import { writeRooms } from '../../src/sync/sliding/connection-state.ts';
import { Connections } from '../../src/sync/sliding/connections.ts';
import { testBudget } from '../support/budget.ts';
import { openSqlite } from '../support/databases.ts';
import { ALICE, BOB, joinAll, newRoom, roomsOn, say } from '../support/rooms.ts';
import { SyncBench } from '../support/sync.ts';

const REQUIRED = [
  ...['name', 'encryption', 'topic', 'avatar', 'canonical_alias', 'power_levels', 'join_rules', 'tombstone', 'create'],
  'history_visibility',
].map(name => [`m.room.${name}`, '']);
const MEMBERS = [
  ['m.room.member', '$LAZY'],
  ['m.room.member', '$ME'],
  ['m.space.parent', '*'],
  ['m.space.child', '*'],
];
const LAZY = { room: { timeline: { limit: 1 }, state: { lazy_load_members: true } } };
const ROUNDS = 200;
const CACHE_BYTES = 40 * 1024 * 1024;
const GIGABYTE = 1024 ** 3;

/** As matrix-rust-sdk asks: a list of the first rooms. */
function body(to: number, connId = 'room-list'): JsonObject {
  const list = { ranges: [[0, to]], timeline_limit: 1, required_state: [...REQUIRED, ...MEMBERS] };
  const extensions = { account_data: { enabled: true }, receipts: { enabled: true }, typing: { enabled: true } };
  return { conn_id: connId, lists: { all_rooms: list }, extensions };
}

class Bench {
  readonly #sync: SyncBench;
  readonly #rooms: RoomsParts;

  constructor(rooms: RoomsParts) {
    this.#rooms = rooms;
    this.#sync = new SyncBench(rooms);
  }

  async slide(userId: UserId, pos: string | undefined, asked: JsonObject): Promise<JsonObject> {
    const userNid = await this.#rooms.db.tx(tx => this.#rooms.nids.users.internOne(tx, userId));
    return this.#sync.slidingSync.answer({
      ...slidingRequest(asked, userId),
      view: { userId, userNid, deviceId: 'DEVICE' },
      pos,
      timeoutMs: 0,
      setPresence: 'online',
      signal: new AbortController().signal,
    });
  }

  sync(userId: UserId, since?: string) {
    return this.#sync.as(userId, since, { filter: LAZY });
  }
}

interface Cost {
  readonly ms: number;
  readonly bytes: number;
}

/** CPU of this thread and the size of the last answer. */
async function cost(times: number, run: () => Promise<JsonObject>): Promise<Cost> {
  let answer: JsonObject = {};
  const before = process.threadCpuUsage();
  for (let at = 0; at < times; at++) answer = await run();
  const { user, system } = process.threadCpuUsage(before);
  return { ms: (user + system) / 1000 / times, bytes: JSON.stringify(answer).length };
}

function show(what: string, { ms, bytes }: Cost): void {
  console.log(`  ${what.padEnd(48)} ${ms.toFixed(2).padStart(9)} ms ${String(bytes).padStart(9)} B`);
}

async function manyRooms(count: number): Promise<void> {
  await using database = await openSqlite();
  const rooms = roomsOn(database.db, undefined, undefined, testBudget(CACHE_BYTES));
  const bench = new Bench(rooms);
  const all: Room[] = [];
  for (let at = 0; at < count; at++) {
    const room = await newRoom(rooms, { name: `room ${at}` });
    await joinAll(rooms, room, [BOB]);
    await say(rooms, room, ALICE, 'hello');
    all.push(room);
  }
  console.log(`a user of ${count} rooms:`);
  await beginnings(bench, count);
  await goingOn(bench, rooms, all);
}

async function beginnings(bench: Bench, count: number): Promise<void> {
  await bench.sync(BOB);
  show('/sync, initial, lazy members, one event a room', await cost(3, () => bench.sync(BOB)));
  show('sliding, initial, 20 rooms', await cost(10, () => bench.slide(BOB, undefined, body(19))));
  let requests = 0;
  const whole = await cost(1, async () => {
    let answer = await bench.slide(BOB, undefined, body(19));
    for (let to = 99; ; to += 100) {
      requests++;
      answer = await bench.slide(BOB, String(answer.pos), body(Math.min(to, count - 1)));
      if (to >= count - 1) return answer;
    }
  });
  show(`sliding, all of them in ${requests + 1} requests`, whole);
}

async function goingOn(bench: Bench, rooms: RoomsParts, all: readonly Room[]): Promise<void> {
  const ask = body(all.length - 1);
  let pos = String((await bench.slide(BOB, undefined, ask)).pos);
  for (let at = 0; at <= all.length / 100; at++) pos = String((await bench.slide(BOB, pos, ask)).pos);
  let since = (await bench.sync(BOB)).next_batch;
  show('/sync, idle', await cost(ROUNDS, () => bench.sync(BOB, since)));
  show('sliding, idle', await cost(ROUNDS, () => bench.slide(BOB, pos, ask)));
  const spent = { sync: 0, sliding: 0 };
  let [synced, slid]: Cost[] = [];
  for (let at = 0; at < ROUNDS; at++) {
    await say(rooms, all[(at * 7) % all.length] ?? all[0]!, ALICE, `message ${at}`);
    synced = await cost(1, async () => {
      const answer = await bench.sync(BOB, since);
      since = answer.next_batch;
      return answer;
    });
    slid = await cost(1, async () => {
      const answer = await bench.slide(BOB, pos, ask);
      pos = String(answer.pos);
      return answer;
    });
    spent.sync += synced.ms;
    spent.sliding += slid.ms;
  }
  show('/sync, one new message', { ms: spent.sync / ROUNDS, bytes: synced?.bytes ?? 0 });
  show('sliding, one new message', { ms: spent.sliding / ROUNDS, bytes: slid?.bytes ?? 0 });
}

/** What connections take: in the database, and in the cache if it had room for them all. */
async function manyConnections(count: number, roomsEach: number): Promise<void> {
  await using database = await openSqlite();
  const rooms = roomsOn(database.db);
  const budget = new Budget(GIGABYTE);
  const connections = new Connections({ ...rooms, budget });
  const { lists } = slidingRequest(body(99), BOB);
  const config = lists.get('all_rooms')?.config;
  if (config === undefined) throw new Error('the bench asks for no list');
  const known = Array.from(
    { length: roomsEach },
    (_, at) => [at * 7 + 1, { config, flags: 3, behind: undefined }] as const,
  );
  const before = heap();
  const spent = await cost(1, async () => {
    for (let userNid = 0; userNid < count; userNid++)
      await connections.keep({ userNid, deviceId: 'ABCDEFGHIJ', connId: 'room-list' }, undefined, new Map(known));
    return {};
  });
  const charged = budget.usage().find(({ name }) => name === 'sliding_positions')?.bytes ?? 0;
  console.log(`${count} connections with ${roomsEach} rooms each:`);
  console.log(`  heap ${((heap() - before) / count).toFixed(0)} B, charged ${(charged / count).toFixed(0)} B each`);
  console.log(`  written in ${(spent.ms / count).toFixed(3)} ms, ${writeRooms(new Map(known)).length} B each`);
}

function heap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const counts = process.argv.slice(2).map(Number);
for (const count of counts.length > 0 ? counts : [50, 1000]) await manyRooms(count);
await manyConnections(10_000, 50);
