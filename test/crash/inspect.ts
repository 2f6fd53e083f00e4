import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';
import { withDatabaseInUse } from '../../src/main/database-place.ts';
import { openDatabase } from '../../src/main/open-database.ts';
import { StateTrees } from '../../src/rooms/state-tree/state-trees.ts';
import { MEMBER_TYPE_NID, stateKeyOf, treeKey, typeOf } from '../../src/rooms/state-tree/tree-key.ts';
import { testBudget } from '../support/budget.ts';

interface EventRow {
  readonly nid: number;
  readonly event_id: string;
  readonly pos: number;
  readonly type_nid: number;
  readonly state_key_nid: number | null;
  readonly flags: number;
  readonly depth: number;
  readonly state_before: number;
  readonly state_after: number;
  readonly room_root: number;
  readonly json: string;
}

/** What a room's events say its state is, up to one of them. */
class Folded {
  readonly state = new Map<number, number>();
  last: EventRow | undefined;
}

/**
 * Reads a database beside the server that runs on it, and recomputes from the events what the server has stored beside
 * them: states, extremities, members, logs. What was checked once is not read again.
 */
export class Inspector {
  readonly #rooms = new Map<number, Folded>();
  readonly #url: string;
  eventsChecked = 0;

  /** `url`: of the settings; where the data folder names another database, it is that one. */
  constructor(url = 'sqlite') {
    this.#url = url;
  }

  /** @throws AssertionError */
  async check(dataDir: string): Promise<void> {
    const settings = { data_dir: dataDir, database: { url: this.#url, connections: 2 }, cluster: { roles: [] } };
    await using db = await openDatabase(withDatabaseInUse(settings));
    const secrets = JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8')) as { fingerprint_key: string };
    const fingerprintKey = Buffer.from(secrets.fingerprint_key, 'base64url');
    const trees = new StateTrees({ db, budget: testBudget(), fingerprintKey });
    for (const { nid } of await db.all<{ nid: number }>(sql`select nid from room`))
      await this.#checkRoom(db, trees, nid);
    await checkLogs(db);
    if (db.dialect === 'postgres') return;
    const verdict = await db.all<{ integrity_check: string }>(sql`select integrity_check from pragma_integrity_check`);
    assert.deepEqual(
      verdict.map(row => row.integrity_check),
      ['ok'],
    );
  }

  async #checkRoom(db: Database, trees: StateTrees, roomNid: number): Promise<void> {
    const folded = this.#rooms.get(roomNid) ?? new Folded();
    this.#rooms.set(roomNid, folded);
    const after = folded.last?.pos ?? 0;
    const rows = await db.all<EventRow>(sql`select nid, event_id, pos, type_nid, state_key_nid, flags, depth,
      state_before, state_after, room_root, json from event where room_nid = ${roomNid} and pos > ${after} order by pos`);
    for (const row of rows) await this.#checkEvent(trees, db, roomNid, folded, row);
    await checkHead(db, roomNid, folded);
    await checkMembers(db, roomNid, folded);
  }

  async #checkEvent(trees: StateTrees, db: Database, roomNid: number, folded: Folded, row: EventRow): Promise<void> {
    const { last, state } = folded;
    assert.equal(row.state_before, last?.state_after ?? 0, `${row.event_id} does not stand on the state before it`);
    assert.deepEqual(
      previousOf(row),
      last === undefined ? [] : [last.event_id],
      `${row.event_id} does not follow the last`,
    );
    assert.equal(row.depth, (last?.depth ?? 0) + 1);
    if (row.state_key_nid !== null) state.set(treeKey(row.type_nid, row.state_key_nid), row.nid);
    if (row.state_after !== last?.state_after) {
      const stored = await Array.fromAsync(trees.stream(db, roomNid, row.state_after));
      assert.deepEqual(
        stored,
        [...state].sort(([a], [b]) => a - b),
        `the state after ${row.event_id} is another one`,
      );
      const named = await trees.fingerprint(db, roomNid, row.state_after);
      assert.deepEqual(await trees.recomputeFingerprint(db, roomNid, row.state_after), named);
    }
    assert.equal(row.room_root, row.state_after);
    folded.last = row;
    this.eventsChecked++;
  }
}

/** Room versions 3 and up: the IDs themselves. */
function previousOf({ json }: EventRow): readonly string[] {
  return (JSON.parse(json) as { prev_events: string[] }).prev_events;
}

async function checkHead(db: Database, roomNid: number, { last }: Folded): Promise<void> {
  const room = await db.get<{ state_root: number }>(sql`select state_root from room where nid = ${roomNid}`);
  assert.equal(room?.state_root, last?.state_after ?? 0, 'the state of the room is not that after its last event');
  const tips = await db.all<{ event_nid: number }>(sql`select event_nid from extremity where room_nid = ${roomNid}`);
  const named = tips.map(tip => tip.event_nid);
  assert.deepEqual(named, last === undefined ? [] : [last.nid], 'the extremities are not the last event');
  const holes = await db.all(sql`select event_id from hole where room_nid = ${roomNid}`);
  assert.deepEqual(holes, []);
}

async function checkMembers(db: Database, roomNid: number, { state }: Folded): Promise<void> {
  const rows = await db.all<{ event_nid: number }>(sql`select event_nid from room_member where room_nid = ${roomNid}`);
  const inState = [...state].filter(([key]) => typeOf(key) === MEMBER_TYPE_NID && stateKeyOf(key) >= 0);
  const byNumber = (a: number, b: number) => a - b;
  assert.deepEqual(rows.map(row => row.event_nid).sort(byNumber), inState.map(([, nid]) => nid).sort(byNumber));
  const counts = await db.get<{ counted: number; stored: number }>(sql`select
    (select count(*) from room_member where room_nid = ${roomNid} and membership = 2) as counted,
    (select joined_count from room where nid = ${roomNid}) as stored`);
  assert.equal(counts?.stored, counts?.counted, 'the number of joined members is wrong');
}

/** Each event of a timeline is in the log of its shard once, and no position is given out twice. */
async function checkLogs(db: Database): Promise<void> {
  const missing = await db.all(sql`select event.event_id from event join room on room.nid = event.room_nid
    left join room_log on room_log.shard = room.shard and room_log.pos = event.pos and room_log.kind = 0
      and room_log.ref = event.nid
    where event.pos is not null and room_log.pos is null`);
  assert.deepEqual(missing, [], 'events that the log does not have');
  const shards = await db.all(sql`select shard.shard from shard
    where shard.pos <> (select coalesce(max(pos), 0) from room_log where room_log.shard = shard.shard)`);
  assert.deepEqual(shards, [], 'shards whose position is not that of their last entry');
  const answers = await db.all(sql`select answer from transaction_id
    where answer like '$%' and answer not in (select event_id from event)`);
  assert.deepEqual(answers, [], 'transaction IDs that answer with an event that is not there');
}
