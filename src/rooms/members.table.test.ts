import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite } from '../../test/support/databases.ts';
import type { Queryable } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import { joinedOfDomain, someJoinedOfDomain } from './members.table.ts';

/** Answers how SQLite would find the rows instead of the rows. */
async function planOf(db: Queryable, ask: (db: Queryable) => Promise<unknown>): Promise<string[]> {
  const plan: string[] = [];
  const note: Queryable['all'] = async query => {
    for (const { detail } of await db.all<{ detail: string }>(sql`explain query plan ${query}`)) plan.push(detail);
    return [];
  };
  await ask({ all: note, get: async query => void (await note(query)), run: () => assert.fail('it only reads') });
  return plan;
}

test('whoever asks for the members of one server does not walk over those of all others', async () => {
  await using opened = await openSqlite();
  for (const ask of [joinedOfDomain, someJoinedOfDomain]) {
    const plan = await planOf(opened.db, db => ask(db, 1, 1));
    const searches = plan.filter(line => /^(SEARCH|SCAN) /.test(line));
    assert.equal(searches.length, 2, plan.join('\n'));
    for (const line of searches)
      assert.match(line, /\(room_nid=\? AND (user_nid=\?|domain_nid=\? AND membership=\?)\)$/);
  }
});
