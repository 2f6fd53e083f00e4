/**
 * `./copse test bench-move [EVENTS]`: a server with so many events (100,000) moves to PostgreSQL and back while 20 messages a
 * second are sent and 10 clients wait for them. Prints one line of JSON for each way, and ends with 1 where writers waited
 * for more than 3 s, a request failed or a message was not seen. All events but a thousand are copies made by SQL.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { getObject, getString, type JsonObject } from '../../src/core/json.ts';
import type { MoveStatus } from '../../src/db/moving/database-move.ts';
import { sql } from '../../src/db/sql.ts';
import { SqliteDatabase } from '../../src/db/sqlite.ts';
import { askServer } from '../../src/main/control.ts';
import { newDatabase } from '../support/databases.ts';
import { LoadUser } from './load-user.ts';
import { MeasuredServer } from './measured-server.ts';
import { sideBySide } from './side-by-side.ts';

const PATH = '/_synapse/admin/copse/v1/database/move';
const SENDERS = 5;
const READERS = 10;
const A_SECOND = 20;
const FIRST = 1000;
const MOST_PAUSE_MS = 3000;

const round = (value: number) => Math.round(value * 100) / 100;

async function ask(data: string, method: string, path = PATH, body?: JsonObject): Promise<MoveStatus> {
  const headers = { authorization: 'Bearer operator', 'content-type': 'application/json' };
  const answer = await askServer(data, { method, path, headers, ...(body && { body: JSON.stringify(body) }) });
  if (answer?.status !== 200) throw new Error(`${method} ${path}: ${answer?.text}`);
  return JSON.parse(answer.text) as MoveStatus;
}

/** Repeats the room's messages until there are so many, in the log too. */
async function multiply(data: string, wanted: number): Promise<void> {
  await using db = new SqliteDatabase({ file: join(data, 'copse.db') });
  await db.tx(async tx => {
    const messages = sql`event.type_nid = (select nid from state_type where type = 'm.room.message')`;
    const room = await tx.get<{
      nid: number;
      shard: number;
      pos: number;
      nids: number;
    }>(sql`select room.nid, room.shard,
      (select pos from shard where shard.shard = room.shard) as pos, (select max(nid) from event) as nids from room`);
    if (room === undefined) throw new Error('there is no room');
    const { nid, shard, pos, nids } = room;
    for (let at = 0; at * FIRST < wanted - FIRST; at++) {
      await tx.run(sql`insert into event (event_id, room_nid, pos, type_nid, state_key_nid, sender_nid, depth, ts, flags,
          state_before, state_after, room_root, json)
        select event_id || '-' || ${at}, room_nid, ${pos + at * FIRST} + row_number() over (order by nid), type_nid,
          state_key_nid, sender_nid, depth, ts, flags, state_before, state_after, room_root, json
        from event where ${messages} and nid <= ${nids} order by nid limit ${FIRST}`);
    }
    await tx.run(sql`insert into room_log (shard, pos, room_nid, kind, ref)
      select ${shard}, pos, room_nid, 0, nid from event where nid > ${nids} and room_nid = ${nid}`);
    await tx.run(
      sql`update shard set pos = (select max(pos) from room_log where shard = ${shard}) where shard = ${shard}`,
    );
  });
}

/** What goes on while the database moves. */
class Load {
  sent = 0;
  slowestMs = 0;
  readonly seen: number[] = Array.from({ length: READERS }, () => 0);
  readonly failures: string[] = [];
  readonly #stop = new AbortController();
  #isOver = false;
  readonly #sending: Promise<unknown>;
  readonly #reading: Promise<unknown>;

  constructor(users: readonly LoadUser[], room: string, since: string) {
    const [senders, readers] = [users.slice(0, SENDERS), users.slice(SENDERS)];
    const noted = (all: readonly Promise<void>[]) =>
      Promise.all(all.map(one => one.catch(error => this.failures.push(String(error)))));
    this.#sending = noted(senders.map(user => this.#send(user, room)));
    this.#reading = noted(readers.map((user, at) => this.#read(user, at, room, since)));
  }

  /** Resolves when everything that was sent has been seen. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#sending;
    this.#isOver = true;
    await this.#reading;
  }

  async #send(user: LoadUser, room: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const began = performance.now();
      await user.send(room, { body: 'as long as what people write' });
      this.sent++;
      const took = performance.now() - began;
      this.slowestMs = Math.max(this.slowestMs, took);
      await pause(Math.max(0, (1000 * SENDERS) / A_SECOND - took));
    }
  }

  async #read(user: LoadUser, at: number, room: string, from: string): Promise<void> {
    const filter = JSON.stringify({ room: { rooms: [room], timeline: { limit: 500 } } });
    for (let since = from; !this.#isOver || (this.seen[at] ?? 0) < this.sent; ) {
      const answer = await user.sync({ filter, since, timeout: '1000' });
      since = getString(answer, 'next_batch') ?? '';
      const joined = getObject(getObject(getObject(answer, 'rooms') ?? {}, 'join') ?? {}, room);
      const { events = [] } = (joined?.timeline ?? {}) as { events?: readonly JsonObject[] };
      this.seen[at] = (this.seen[at] ?? 0) + events.filter(event => event.type === 'm.room.message').length;
    }
  }
}

/** One way, under load. Answers whether it was as it has to be. */
async function way(server: MeasuredServer, users: readonly LoadUser[], room: string, begin: () => Promise<unknown>) {
  const [first] = users;
  const load = new Load(users, room, (await first?.position()) ?? '');
  await pause(2000);
  const before = server.usage.cpu;
  await begin();
  let most = 0;
  let status = await ask(server.data, 'GET');
  for (; status.progress !== undefined; status = await ask(server.data, 'GET')) {
    most = Math.max(most, status.progress.backlog ?? 0);
    await pause(200);
  }
  await pause(2000);
  await load.end();
  const { last, database } = status;
  const missed = load.seen.filter(seen => seen !== load.sent).length;
  const { pausedMs = Number.POSITIVE_INFINITY, seconds = 0, rows, tables, error } = last ?? {};
  const figures = {
    ...{ database, rows, tables, seconds: round(seconds), paused_ms: round(pausedMs), error },
    ...{ slowest_send_ms: round(load.slowestMs), messages_meanwhile: load.sent, most_changes_waiting: most },
    ...{ readers_that_missed_one: missed, failures: load.failures.slice(0, 3) },
    ...{ cpu_seconds: round(server.usage.cpu - before), resident_mib: round(server.usage.resident / 2 ** 20) },
  };
  console.log(JSON.stringify(figures));
  return error === undefined && pausedMs < MOST_PAUSE_MS && missed === 0 && load.failures.length === 0;
}

const events = Number(process.argv[2] ?? 100_000);
const postgres = process.env.COPSE_TEST_POSTGRES;
if (postgres === undefined) throw new Error('there is no PostgreSQL');
const target = await newDatabase(postgres);
try {
  await using server = await MeasuredServer.start();
  const names = Array.from({ length: SENDERS + READERS }, (_, at) => `user${at}`);
  const users = await sideBySide(names, name => LoadUser.register(server.url, name));
  const room = (await users[0]?.createRoom()) ?? '';
  await sideBySide(users.slice(1), user => user.join(room));
  const each = Array.from({ length: FIRST }, (_, at) => users[at % SENDERS] as LoadUser);
  await sideBySide(each, user => user.send(room, { body: `words of some length ${each.length}` }));
  await server.killAndStart(data => multiply(data, events));
  for (const user of users) user.moveTo(server.url);
  const there = await way(server, users, room, () => ask(server.data, 'POST', PATH, { url: target.url }));
  const back = await way(server, users, room, () => ask(server.data, 'POST', `${PATH}/back`));
  process.exitCode = there && back ? 0 : 1;
} finally {
  await target.drop();
}
