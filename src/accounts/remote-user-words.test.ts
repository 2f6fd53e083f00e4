import assert from 'node:assert/strict';
import { AccountsWorld, SERVER_NAME, type TestUser } from '../../test/support/accounts.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import { accepted, DORA, EMIL } from '../../test/support/remote-events.ts';
import { newRoom, roomsOn, setState } from '../../test/support/rooms.ts';
import { silentLog } from '../base/log.ts';
import type { UserId } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import { changedMembers } from '../rooms/changed-members.table.ts';
import { join } from '../rooms/membership.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { Room } from '../rooms/room.ts';
import { RemoteUserWords } from './remote-user-words.ts';

function indexOf(db: Database, { nids, bus, clock }: RoomsParts): RemoteUserWords {
  return new RemoteUserWords({ db, nids, bus, clock, log: silentLog });
}

/** A user of another server joins, under a name. */
function comes(rooms: RoomsParts, room: Room, sender: UserId, displayname: unknown, membership = 'join') {
  const content = { membership, displayname, avatar_url: 'mxc://two.example/a' } as never;
  return accepted(rooms, room, { type: 'm.room.member', sender, stateKey: sender, content });
}

async function found(world: AccountsWorld, who: TestUser, search_term: string): Promise<unknown[]> {
  const answer = await world.call('POST', 'user_directory/search', { token: who.token, body: { search_term } });
  assert.equal(answer.status, 200);
  return answer.body.results as unknown as unknown[];
}

onEachDatabase('users of other servers are found by what they are called where the searcher is too', async db => {
  await using world = new AccountsWorld(db);
  const rooms = roomsOn(db, SERVER_NAME);
  const index = indexOf(db, rooms);
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const ours = await newRoom(rooms, { creator: alice.id, preset: 'public_chat' });
  await setState(rooms, ours, alice.id, 'm.room.join_rules', { join_rule: 'public' });
  const secret = await newRoom(rooms, { creator: bob.id, preset: 'public_chat' });
  await comes(rooms, ours, DORA, 'Dora Explorer');
  await comes(rooms, secret, DORA, 'Secret Dora');
  await comes(rooms, ours, EMIL, { not: 'a name' });
  await setState(rooms, secret, bob.id, 'm.room.join_rules', { join_rule: 'invite' });
  await setState(rooms, ours, alice.id, 'm.room.join_rules', { join_rule: 'invite' });
  assert.deepEqual(await found(world, alice, 'explorer'), []);
  await index.catchUp();
  const dora = { user_id: DORA, display_name: 'Dora Explorer', avatar_url: 'mxc://two.example/a' };
  for (const term of ['explorer', 'DORA', 'dora:two', 'Dora Ex'])
    assert.deepEqual(await found(world, alice, term), [dora], term);
  assert.deepEqual(await found(world, alice, 'secret'), [], 'a name in a room that she is not in');
  assert.deepEqual(await found(world, alice, 'emil'), [{ user_id: EMIL, avatar_url: 'mxc://two.example/a' }]);
  assert.deepEqual(await found(world, bob, 'secret'), [{ ...dora, display_name: 'Secret Dora' }]);
  assert.deepEqual(await found(world, bob, 'explorer'), []);

  await comes(rooms, ours, DORA, 'Ada');
  await index.catchUp();
  assert.deepEqual(await found(world, alice, 'ada'), [{ ...dora, display_name: 'Ada' }]);
  assert.deepEqual(await found(world, alice, 'explorer'), []);
  await comes(rooms, ours, DORA, 'Ada', 'leave');
  await index.catchUp();
  assert.deepEqual(await found(world, alice, 'dora'), []);
  assert.deepEqual(await changedMembers(db, 10), []);
});

onEachDatabase('members of this server are left to their profiles', async db => {
  await using world = new AccountsWorld(db);
  const rooms = roomsOn(db, SERVER_NAME);
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const room = await newRoom(rooms, { creator: alice.id });
  await join(rooms, room, { sender: bob.id, profile: { displayName: 'Freddy', avatarUrl: undefined } });
  assert.deepEqual(await changedMembers(db, 10), []);
  await indexOf(db, rooms).catchUp();
  assert.deepEqual(await found(world, alice, 'freddy'), []);
});

onEachDatabase('names of thousands of words do not hold up the others', async db => {
  await using world = new AccountsWorld(db);
  const rooms = roomsOn(db, SERVER_NAME);
  const alice = await world.user('alice');
  const room = await newRoom(rooms, { creator: alice.id });
  const words = Array.from({ length: 200 }, (_, at) => `w${at}`).join(' ');
  for (let at = 0; at < 130; at++) await comes(rooms, room, `@u${at}:two.example` as UserId, `${words} ${at}`);
  await indexOf(db, rooms).catchUp();
  assert.deepEqual(await changedMembers(db, 10), []);
  assert.equal((await found(world, alice, 'u129')).length, 1);
});
