import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { CommandLine } from '../../test/support/command-line.ts';
import { emptyPostgres, skipWithoutPostgres } from '../../test/support/databases.ts';
import { assertTook } from '../../test/support/slowness.ts';
import { type Client, WholeServer } from '../../test/support/whole-server.ts';
import { loadConfig } from '../config/load.ts';
import type { JsonObject } from '../core/json.ts';
import type { MoveStatus } from '../db/moving/database-move.ts';
import { SqliteDatabase } from '../db/sqlite.ts';
import { askServer } from './control.ts';

const PATH = '/_synapse/admin/copse/v1/database/move';

/** What `copse migrate` asks the running server. */
async function ask(server: WholeServer, method: string, path = PATH, body?: JsonObject): Promise<MoveStatus> {
  const headers = { authorization: 'Bearer operator', 'content-type': 'application/json' };
  const answer = await askServer(server.folder, {
    ...{ method, path, headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  assert.equal(answer?.status, 200, answer?.text);
  return JSON.parse(answer?.text ?? '') as MoveStatus;
}

async function ended(server: WholeServer): Promise<MoveStatus> {
  for (;;) {
    const status = await ask(server, 'GET');
    if (status.progress === undefined) return status;
    await wait(20);
  }
}

const WHOLE = `filter=${encodeURIComponent('{"room":{"timeline":{"limit":1000}}}')}`;

/** Two users in a room; one of them talks without a break, the other one waits for what comes. */
class Talk {
  readonly sent: string[] = [];
  readonly seen: string[] = [];
  readonly #alice: Client;
  readonly #bob: Client;
  readonly #roomId: string;
  /** Of its transaction IDs. */
  readonly #name: string;
  readonly #stop = new AbortController();
  #since = '';
  #all: Promise<unknown> = Promise.resolve();

  constructor(alice: Client, bob: Client, roomId: string, name: string) {
    this.#name = name;
    this.#alice = alice;
    this.#bob = bob;
    this.#roomId = roomId;
  }

  async begin(): Promise<void> {
    this.#since = String((await this.#bob.ok('GET', '/v3/sync?timeout=0')).next_batch);
    this.#all = Promise.all([this.#send(), this.#read()]);
  }

  /** Resolves when everything that was sent has been seen. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#all;
    assert.deepEqual(this.seen, this.sent, 'what was acknowledged is what is seen, once and in order');
  }

  async #send(): Promise<void> {
    for (let at = 0; !this.#stop.signal.aborted; at++) {
      const path = `/v3/rooms/${this.#roomId}/send/m.room.message/${this.#name}${at}`;
      const body = { msgtype: 'm.text', body: `word${at}end spoken` };
      this.sent.push(String((await this.#alice.ok('PUT', path, body)).event_id));
      await wait(25);
    }
  }

  async #read(): Promise<void> {
    while (!this.#stop.signal.aborted || this.seen.length < this.sent.length) {
      const answer = await this.#bob.ok('GET', `/v3/sync?timeout=2000&${WHOLE}&since=${this.#since}`);
      this.#since = String(answer.next_batch);
      const rooms = answer.rooms as {
        join?: Record<string, { timeline: { events: { type: string; event_id: string }[] } }>;
      };
      const events = rooms?.join?.[this.#roomId]?.timeline.events ?? [];
      this.seen.push(...events.filter(event => event.type === 'm.room.message').map(event => event.event_id));
    }
  }
}

async function begun(t: TestContext) {
  const server = await new WholeServer(t).start();
  const [alice, bob] = [await server.user('alice'), await server.user('bob')];
  const { room_id } = await alice.ok('POST', '/v3/createRoom', { preset: 'public_chat', name: 'Hall of mirrors' });
  const roomId = String(room_id);
  await bob.ok('POST', `/v3/rooms/${roomId}/join`, {});
  return { server, alice, bob, roomId };
}

async function found(who: Client, term: string): Promise<number> {
  const body = { search_categories: { room_events: { search_term: term } } };
  const { search_categories } = await who.ok('POST', '/v3/search', body);
  return Number((search_categories as { room_events: JsonObject }).room_events.count);
}

test('a server moves to PostgreSQL and back while its users talk', { skip: skipWithoutPostgres }, async t => {
  const { server, alice, bob, roomId } = await begun(t);
  const url = await emptyPostgres(t);
  const talk = new Talk(alice, bob, roomId, 'first');
  await talk.begin();
  while (talk.sent.length < 20) await wait(10);
  await ask(server, 'POST', PATH, { url });
  const moved = await ended(server);
  assert.equal(moved.last?.error, undefined);
  assert.equal(moved.database, 'postgres');
  assertTook(moved.last?.pausedMs ?? Number.POSITIVE_INFINITY, 3000, 'the pause');
  const there = talk.sent.length;
  while (talk.sent.length < there + 20) await wait(10);

  await talk.end();
  await server.stop();
  await server.start();
  assert.equal((await ask(server, 'GET')).database, 'postgres', 'the data folder says where the database is');
  assert.equal(await found(alice, 'word3end'), 1);
  assert.equal(await found(alice, `word${there + 5}end`), 1);
  assert.equal(await found(alice, 'mirrors'), 1);

  const after = new Talk(alice, bob, roomId, 'second');
  await after.begin();
  await ask(server, 'POST', `${PATH}/back`);
  const back = await ended(server);
  assert.equal(back.last?.error, undefined);
  assert.equal(back.database, 'sqlite');
  await wait(100);
  await after.end();
  await server.stop();
  await server.start();
  assert.equal((await ask(server, 'GET')).database, 'sqlite');
  assert.equal(await found(alice, `word${there + 5}end`), 1);
  const messages = await bob.ok('GET', `/v3/rooms/${roomId}/messages?dir=b&limit=5`);
  assert.equal((messages.chunk as JsonObject[])[0]?.event_id, after.sent.at(-1));
});

test('a confirmed server needs no SQLite file', { skip: skipWithoutPostgres }, async t => {
  const { server, alice, roomId } = await begun(t);
  const config = loadConfig({ data: server.folder }, { config: undefined, data: undefined, noColor: true });
  const copse = (...words: string[]) =>
    new CommandLine(config, new SqliteDatabase({ file: ':memory:' })).text(...words);
  const told = await copse('migrate', 'postgres', await emptyPostgres(t));
  assert.match(told, /The database is PostgreSQL now: \d+ rows of \d+ tables, equal by number and hash, in \d+ s\./);
  assert.match(await copse('migrate', 'status'), /^database {2}PostgreSQL\nway back {2}open/);
  assert.match(await copse('migrate', 'confirm'), /for good/);
  await server.stop();
  for (const end of ['', '-wal', '-shm']) rmSync(join(server.folder, `copse.db${end}`), { force: true });
  await server.start();
  await alice.ok('PUT', `/v3/rooms/${roomId}/send/m.room.message/t1`, { msgtype: 'm.text', body: 'still here' });
  assert.equal(await copse('migrate', 'status'), 'database  PostgreSQL');
  const headers = { authorization: 'Bearer x' };
  const answer = await askServer(server.folder, { method: 'POST', path: `${PATH}/back`, headers });
  assert.equal(answer?.status, 409);
});
