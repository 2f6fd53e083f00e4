import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { emptyPostgres, skipWithoutPostgres } from '../../../test/support/databases.ts';
import { assertTook } from '../../../test/support/slowness.ts';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import type { Database } from '../database.ts';
import { migrate } from '../migrate.ts';
import { PostgresDatabase } from '../postgres.ts';
import { sql } from '../sql.ts';
import { SqliteDatabase } from '../sqlite.ts';
import { SwitchableDatabase } from '../switchable.ts';
import { checkInUse, checkSchemaStays, tidyMove } from './admission.ts';
import { contentsOf } from './contents.ts';
import { DatabaseMove } from './database-move.ts';
import { movedTables } from './moved-tables.ts';
import type { Place } from './place.ts';

/** A SQLite database that is in use, an empty PostgreSQL one, and what moves between them. */
class Scene {
  readonly url: string;
  readonly file: string;
  readonly sqlite: SqliteDatabase;
  readonly db: SwitchableDatabase;
  readonly move: DatabaseMove;
  place: Place | undefined;
  /** Runs when the mark is about to be written. */
  onMark: () => void = () => undefined;

  private constructor(folder: string, url: string) {
    this.url = url;
    this.file = join(folder, 'copse.db');
    this.sqlite = new SqliteDatabase({ file: this.file, synchronous: 'off' });
    this.db = new SwitchableDatabase(this.sqlite);
    this.move = new DatabaseMove({
      db: this.db,
      open: async url => (url === 'sqlite' ? this.openSqlite() : new PostgresDatabase({ url, connections: 3 })),
      mark: {
        read: () => this.place,
        write: place => {
          this.onMark();
          this.place = place;
        },
      },
      serverName: 'one.example',
      writers: () => ({}),
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
    });
  }

  static async open(t: TestContext): Promise<Scene> {
    const folder = mkdtempSync(join(tmpdir(), 'copse-move-'));
    const scene = new Scene(folder, await emptyPostgres(t));
    await migrate(scene.sqlite);
    t.after(async () => {
      await scene.move[Symbol.asyncDispose]();
      await scene.db[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    });
    return scene;
  }

  openSqlite(): SqliteDatabase {
    return new SqliteDatabase({ file: this.file, synchronous: 'off' });
  }

  async ended() {
    while (this.move.status.progress !== undefined) await wait(10);
    return this.move.status.last ?? assert.fail('nothing was moved');
  }

  /** Moves, and must arrive. */
  async arrive(begin: () => Promise<void> = () => this.move.toPostgres(this.url)) {
    await begin();
    const last = await this.ended();
    assert.equal(last.error, undefined);
    return last;
  }

  /** All that both of them hold. */
  async contents(db: Database): Promise<Record<string, unknown>> {
    await using shapes = this.openSqlite();
    const tables = await movedTables(shapes);
    const found: Record<string, unknown> = {};
    for (const table of tables) found[table.name] = await contentsOf(db, table, async () => undefined);
    return found;
  }
}

const NUL_AND_ESCAPE = 'a\0b\u{10ffff}c\u{10ffff}0';

/** Rows of every kind of value that one database keeps in another way than the other. */
async function addRows(db: Database): Promise<void> {
  await db.tx(async tx => {
    for (let nid = 1; nid <= 1200; nid++) {
      await tx.run(sql`insert into user_name (user_id, domain_nid) values (${`@u${nid}:one.example`}, 1)`);
      await tx.run(
        sql`insert into profile_field (user_nid, field, value) values (${nid}, 'displayname', ${`"${nid}"`})`,
      );
    }
    await tx.run(sql`delete from user_name where nid = 1200`);
    await tx.run(
      sql`insert into profile_field (user_nid, field, value) values (7, ${NUL_AND_ESCAPE}, ${NUL_AND_ESCAPE})`,
    );
    await tx.run(sql`insert into login_token (hash, user_nid, expires_ts)
      values (${new Uint8Array([0, 255, 92, 39])}, 1, ${Number.MAX_SAFE_INTEGER}), (${new Uint8Array(0)}, 2, -5)`);
    await tx.run(sql`insert into server_secret (name, value) values ('Ä', ${new Uint8Array([1])}), ('z', ${new Uint8Array([2])}),
      ('Z', ${new Uint8Array(100_000).fill(7)})`);
    await tx.run(sql`insert into room (room_id, version, shard, next_rec)
      values ('!r', '12', 3, cast('9223372036854775807' as bigint))`);
  });
}

test('everything arrives as it was: bytes, NUL, integers beyond 2^53, numbers given out', {
  skip: skipWithoutPostgres,
}, async t => {
  const scene = await Scene.open(t);
  await addRows(scene.sqlite);
  const before = await scene.contents(scene.sqlite);
  const { rows, tables, pausedMs } = await scene.arrive();
  assert.ok((rows ?? 0) > 2400 && (tables ?? 0) > 80);
  assertTook(pausedMs ?? Number.POSITIVE_INFINITY, 3000, 'the pause');
  assert.equal(scene.db.dialect, 'postgres');
  assert.deepEqual(await scene.contents(scene.db.current), before);
  const field = await scene.db.get<{ value: string }>(
    sql`select value from profile_field where field = ${NUL_AND_ESCAPE}`,
  );
  assert.equal(field?.value, NUL_AND_ESCAPE);
  const exact = await scene.db.get<{ rec: string }>(sql`select cast(next_rec as text) as rec from room`);
  assert.equal(exact?.rec, '9223372036854775807');
  const given = await scene.db.tx(tx =>
    tx.get<{ nid: number }>(sql`insert into user_name (user_id, domain_nid) values ('@new', 1) returning nid`),
  );
  assert.equal(given?.nid, 1201, 'a number that was given out once is given out again');
});

test('what is written while it goes on arrives, also where unique values change hands', {
  skip: skipWithoutPostgres,
}, async t => {
  const scene = await Scene.open(t);
  await addRows(scene.sqlite);
  const stop = new AbortController();
  let written = 0;
  const busy = (async () => {
    for (let round = 0; !stop.signal.aborted; round++) {
      await scene.db.tx(async tx => {
        const [a, b] = [1 + (round % 1000), 1 + ((round * 7 + 3) % 1000)];
        // Unique values go round; a row goes and another one takes its value.
        await tx.run(sql`update user_name set user_id = ${`t${round}`} where nid = ${a}`);
        await tx.run(sql`update user_name set user_id = ${`@u${a}:one.example`} where nid = ${b} and not exists
          (select 1 from user_name where user_id = ${`@u${a}:one.example`})`);
        await tx.run(sql`delete from profile_field where user_nid = ${a} and field = 'displayname'`);
        await tx.run(
          sql`insert into profile_field (user_nid, field, value) values (${2000 + round}, 'displayname', 'x')`,
        );
        await tx.run(
          sql`update profile_field set user_nid = ${-round - 1} where user_nid = ${b} and field = 'displayname'`,
        );
        await tx.run(sql`insert into login_token (hash, user_nid, expires_ts) values (${Buffer.from([1, round >> 8, round])}, 1, 2)
          on conflict do nothing`);
        written++;
      });
      await wait(1);
    }
  })();
  await scene.arrive();
  await wait(50);
  assert.equal(scene.db.dialect, 'postgres');
  const there = written;
  stop.abort();
  await busy;
  assert.ok(there > 20, `only ${there} transactions came through`);
  const rows = await scene.db.get<{ count: number }>(
    sql`select count(*) as count from profile_field where user_nid >= 2000`,
  );
  assert.equal(rows?.count, written, 'a transaction is lost or was done twice');

  await scene.arrive(() => scene.move.back());
  assert.equal(scene.db.dialect, 'sqlite');
  await using postgres = new PostgresDatabase({ url: scene.url, connections: 1 });
  assert.deepEqual(await scene.contents(scene.db.current), await scene.contents(postgres));
  const again = await scene.db.get<{ count: number }>(
    sql`select count(*) as count from profile_field where user_nid >= 2000`,
  );
  assert.equal(again?.count, written);
  assert.equal(scene.place, undefined);
  await scene.db.tx(tx => tx.run(sql`insert into user_name (user_id, domain_nid) values ('after', 1)`));
});

test('the database that was left takes no writes, from whatever program', { skip: skipWithoutPostgres }, async t => {
  const scene = await Scene.open(t);
  await using beside = scene.openSqlite();
  await scene.arrive();
  let lateWriters = 0;
  const write = (db: Database) =>
    db.tx(tx => tx.run(sql`insert into user_name (user_id, domain_nid) values (${`late ${++lateWriters}`}, 1)`));
  await assert.rejects(write(beside), /was moved to another one/);
  await assert.rejects(checkInUse(beside, undefined), /were moved to PostgreSQL/);
  await write(scene.db);
  await using postgres = new PostgresDatabase({ url: scene.url, connections: 1 });
  await scene.arrive(() => scene.move.back());
  await assert.rejects(write(postgres), /was moved to another one/);
  await assert.rejects(checkInUse(postgres, undefined), /has gone back to SQLite/);
  await checkInUse(beside, undefined);
});

test('a copy that was never put in use cannot be started on, and the next try overwrites it', {
  skip: skipWithoutPostgres,
}, async t => {
  const scene = await Scene.open(t);
  await addRows(scene.sqlite);
  scene.onMark = () => {
    throw new Error('the disk is full');
  };
  await scene.move.toPostgres(scene.url);
  assert.match((await scene.ended()).error ?? '', /disk is full/);
  assert.equal(scene.db.dialect, 'sqlite');
  await scene.db.tx(tx => tx.run(sql`insert into user_name (user_id, domain_nid) values ('goes on', 1)`));
  const triggers = await scene.db.all(sql`select name from sqlite_master where type = 'trigger'`);
  assert.deepEqual(triggers, [], 'a move that failed leaves nothing behind');
  {
    await using postgres = new PostgresDatabase({ url: scene.url, connections: 1 });
    await assert.rejects(checkInUse(postgres, undefined), /belongs to a move that is not finished/);
  }
  scene.onMark = () => undefined;
  await scene.arrive();
  const found = await scene.db.get(sql`select nid from user_name where user_id = 'goes on'`);
  assert.ok(found);
});

test('what was confirmed has no way back, and runs without a mark', { skip: skipWithoutPostgres }, async t => {
  const scene = await Scene.open(t);
  await assert.rejects(scene.move.confirm(), /Nothing waits/);
  await assert.rejects(scene.move.back(), /no way back/);
  await scene.arrive();
  await assert.rejects(scene.move.toPostgres(scene.url), /PostgreSQL already/);
  await scene.move.confirm();
  await assert.rejects(scene.move.back(), /no way back/);
  await checkInUse(scene.db, undefined);
  const triggers = await scene.db.all(sql`select tgname from pg_trigger where tgname = 'capture_change'`);
  assert.deepEqual(triggers, []);
  await scene.db.tx(tx => tx.run(sql`insert into user_name (user_id, domain_nid) values ('goes on', 1)`));
});

test('a database with somebody’s data is never overwritten', { skip: skipWithoutPostgres }, async t => {
  const scene = await Scene.open(t);
  await using postgres = new PostgresDatabase({ url: scene.url, connections: 1 });
  await postgres.script('create table precious (id bigint primary key)');
  await assert.rejects(scene.move.toPostgres(scene.url), /not empty/);
  await assert.rejects(scene.move.toPostgres('postgres://127.0.0.1:1/none'), /PostgreSQL cannot be used/);
  assert.equal(scene.move.status.progress, undefined);
});

test('a start after a crash ends what was cut short, on the side of the mark', {
  skip: skipWithoutPostgres,
}, async t => {
  const scene = await Scene.open(t);
  const mark = {
    read: () => scene.place,
    write(place: Place | undefined) {
      scene.place = place;
    },
  };
  await scene.arrive();
  await using postgres = new PostgresDatabase({ url: scene.url, connections: 1 });
  const moved = scene.place;
  // Killed between the mark and what follows it.
  await postgres.run(sql`update database_move set role = 'filling'`);
  await checkInUse(postgres, moved);
  await tidyMove(postgres, mark);
  assert.equal((await postgres.get<{ role: string }>(sql`select role from database_move`))?.role, 'source');
  // Killed before the mark: SQLite is the database, and writes again.
  await using sqlite = scene.openSqlite();
  await sqlite.run(sql`update database_move set role = 'leaving'`);
  scene.place = undefined;
  await checkInUse(sqlite, undefined);
  await tidyMove(sqlite, mark);
  await sqlite.run(sql`insert into user_name (user_id, domain_nid) values ('goes on', 1)`);
  await assert.rejects(checkInUse(postgres, undefined), /another data folder/);
  scene.place = moved;
});

test('an update that changes tables waits until there is no way back', { skip: skipWithoutPostgres }, async t => {
  const scene = await Scene.open(t);
  await scene.arrive();
  const moved = scene.place?.kind === 'postgres' ? scene.place : assert.fail('the mark is not there');
  await checkSchemaStays(scene.db, moved);
  await scene.db.run(sql`delete from migration where number = (select max(number) from migration)`);
  await assert.rejects(checkSchemaStays(scene.db, moved), /is not confirmed/);
  await checkSchemaStays(scene.db, { ...moved, isConfirmed: true });
  await checkSchemaStays(scene.sqlite, undefined);
});
