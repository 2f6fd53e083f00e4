import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { identityOf } from '../../../../test/support/federation.ts';
import { heard, twoBuses } from '../../../../test/support/joined-buses.ts';
import { ALICE, newRoom, roomsOn, SERVER, say } from '../../../../test/support/rooms.ts';
import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { OWN } from '../../../rooms/room.ts';
import { PublishedKeys } from '../../keys/published-keys.ts';
import { keysOn } from '../gather/event-keys.ts';
import { signAnew } from './sign-anew.ts';

const never = new AbortController().signal;

/** Two processes whose key was replaced, and both have read what was signed with the old one. */
async function world(db: Database) {
  const [busHere, busThere] = twoBuses();
  const { signingKey } = identityOf(SERVER, 99, 'ed25519:new');
  const old = roomsOn(db, SERVER, busHere);
  const rooms = { ...old, signingKey };
  const there = { ...roomsOn(db, SERVER, busThere), signingKey };
  const said = await say(old, await newRoom(old), ALICE, 'signed with the old key');
  await db.tx(tx => tx.run(sql`update event set flags = ${OWN} where nid = ${said.nid}`));
  const published = new PublishedKeys({ identity: rooms, oldKeys: [], clock: old.clock });
  const fits = async (process: typeof there) => {
    const stored = await process.events.byNid(db, said.nid);
    assert.ok(stored !== undefined);
    return keysOn(stored.event, process, published.keys).some(key => key.fits === true);
  };
  assert.deepEqual([await fits(rooms), await fits(there)], [false, false]);
  return { rooms, there, busThere, published, said, fits };
}

onEachDatabase('what one process signs anew the others have with its new signature', async db => {
  const { rooms, there, published, fits } = await world(db);
  const lines = await signAnew({ rooms, published }, never);
  assert.match(lines.join(), /^signed \d+ events? of ours anew$/);
  await heard();
  assert.deepEqual([await fits(rooms), await fits(there)], [true, true]);
});

onEachDatabase('what was signed anew while a process heard nothing it reads once it notices', async db => {
  const { rooms, there, busThere, published, fits } = await world(db);
  busThere.isCut = true;
  await signAnew({ rooms, published }, never);
  await heard();
  assert.equal(await fits(there), false);
  busThere.tellMissed();
  assert.equal(await fits(there), true);
});

onEachDatabase('what another process has redacted does not come back with a new signature', async db => {
  const { rooms, published, said } = await world(db);
  // The word of it was lost: here it is remembered as it was.
  const redacted = '{"content":{}}';
  await db.tx(tx => tx.run(sql`update event set json = ${redacted} where nid = ${said.nid}`));
  await signAnew({ rooms, published }, never);
  const row = await db.get<{ json: string }>(sql`select json from event where nid = ${said.nid}`);
  assert.equal(row?.json, redacted);
});
