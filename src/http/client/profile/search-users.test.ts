import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccountsWorld, assertError, SERVER_NAME, type TestUser } from '../../../../test/support/accounts.ts';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { newRoom, roomsOn, setState } from '../../../../test/support/rooms.ts';
import { foldForSearch, nameWords, searchedWords, userIdWords } from '../../../accounts/search-words.ts';
import type { UserId } from '../../../core/ids.ts';
import { sql } from '../../../db/sql.ts';
import { join, leave, updateProfile } from '../../../rooms/membership.ts';

async function search(world: AccountsWorld, who: TestUser, term: string, more = {}) {
  const answer = await world.call('POST', 'user_directory/search', {
    token: who.token,
    body: { search_term: term, ...more },
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body as unknown as { results: Record<string, string>[]; limited: boolean };
}

async function found(world: AccountsWorld, who: TestUser, term: string): Promise<unknown[]> {
  return (await search(world, who, term)).results.map(user => user.user_id);
}

async function name(world: AccountsWorld, who: TestUser, displayname: string): Promise<void> {
  const path = `profile/${who.id}/displayname`;
  assert.equal((await world.call('PUT', path, { token: who.token, body: { displayname } })).status, 200);
}

onEachDatabase(
  'N153 users are found by those who share a room with them, and by all once in an open room',
  async db => {
    await using world = new AccountsWorld(db);
    const rooms = roomsOn(db, SERVER_NAME);
    const [alice, bob, eve] = [await world.user('alice'), await world.user('bob'), await world.user('eve')];
    await name(world, alice, 'Alice Cooper');
    const room = await newRoom(rooms, { creator: alice.id, preset: 'private_chat', invite: [] });
    assert.deepEqual(await found(world, bob, 'Alice'), []);

    await setState(rooms, room, alice.id, 'm.room.join_rules', { join_rule: 'public' });
    await join(rooms, room, { sender: bob.id });
    for (const who of [bob, eve]) assert.deepEqual(await found(world, who, 'Alice'), [alice.id]);
    await setState(rooms, room, alice.id, 'm.room.join_rules', { join_rule: 'invite' });
    assert.deepEqual(await found(world, bob, 'Alice'), [alice.id]);
    assert.deepEqual(await found(world, eve, 'Alice'), []);
    await setState(rooms, room, alice.id, 'm.room.history_visibility', { history_visibility: 'world_readable' });
    assert.deepEqual(await found(world, eve, 'Alice'), [alice.id]);

    // A name in one room is not the name in the directory.
    await updateProfile(rooms, room, alice.id, { displayName: 'Freddy' });
    for (const who of [bob, eve]) assert.deepEqual(await found(world, who, 'Freddy'), []);
    assert.deepEqual((await search(world, eve, 'alice')).results, [
      { user_id: alice.id, display_name: 'Alice Cooper' },
    ]);
    // Nobody needs to be found by themselves.
    assert.deepEqual(await found(world, alice, 'alice'), []);

    await leave(rooms, room, { sender: alice.id });
    for (const who of [bob, eve]) assert.deepEqual(await found(world, who, 'alice'), []);
  },
);

onEachDatabase('names are found by the beginnings of their words, whatever their case and accents', async db => {
  await using world = new AccountsWorld(db);
  const rooms = roomsOn(db, SERVER_NAME);
  const eve = await world.user('eve');
  const people: Record<string, string> = {
    'jl-picard': 'Jean-Luc Picard',
    mueller: "Jörg Müller O'Neil",
    taro: '山田太郎',
    '50%_off': '100% _pure_',
  };
  const room = await newRoom(rooms, { creator: eve.id });
  const ids = new Map<string, UserId>();
  for (const [localpart, displayName] of Object.entries(people)) {
    const made = await world.accounts.registration.create({
      userId: `@${localpart.replace('%', '=25')}:${SERVER_NAME}` as UserId,
      displayName,
    });
    ids.set(localpart, made.userId);
    await join(rooms, room, { sender: made.userId });
  }
  const expected: Record<string, string | undefined> = {
    'jean luc': 'jl-picard',
    'PICARD JEAN': 'jl-picard',
    'jean-l': 'jl-picard',
    '@jl-p': 'jl-picard',
    [`@jl-picard:${SERVER_NAME}`]: 'jl-picard',
    muller: 'mueller',
    MÜLLER: 'mueller',
    'o’neil': undefined,
    "o'ne": 'mueller',
    太郎: 'taro',
    pure: '50%_off',
    '100%': '50%_off',
    '%': undefined,
    _: undefined,
    '': undefined,
    'jean taro': undefined,
    card: undefined,
    "'; drop table user_word; --": undefined,
  };
  for (const [term, localpart] of Object.entries(expected)) {
    const id = localpart === undefined ? [] : [ids.get(localpart)];
    assert.deepEqual(await found(world, eve, term), id, term);
  }
});

onEachDatabase('a long list is cut, the exact and the complete first', async db => {
  await using world = new AccountsWorld(db);
  const rooms = roomsOn(db, SERVER_NAME);
  const eve = await world.user('eve');
  const room = await newRoom(rooms, { creator: eve.id });
  const make = async (localpart: string, displayName?: string) => {
    const { userId } = await world.accounts.registration.create({
      userId: `@${localpart}:${SERVER_NAME}` as UserId,
      ...(displayName === undefined ? {} : { displayName }),
    });
    await join(rooms, room, { sender: userId });
    return userId;
  };
  const bare = await make('sam1');
  const named = await make('sam2', 'Samuel');
  const exact = await make('sam');
  const all = await search(world, eve, 'sam');
  assert.deepEqual(
    all.results.map(user => user.user_id),
    [exact, named, bare],
  );
  assert.equal(all.limited, false);
  const cut = await search(world, eve, 'sam', { limit: 2 });
  assert.deepEqual([cut.results.length, cut.limited], [2, true]);
  const bad = await world.call('POST', 'user_directory/search', { token: eve.token, body: { limit: 2 } });
  assertError(bad, 400, 'M_MISSING_PARAM');

  // Accounts from before there was a directory are taken in at the start.
  await db.tx(tx => tx.run(sql`delete from user_word`));
  assert.deepEqual(await found(world, eve, 'sam'), []);
  await world.accounts.directory.fill();
  assert.equal((await found(world, eve, 'samuel')).length, 1);
  assert.equal((await found(world, eve, 'sam')).length, 3);

  const { userNid } = await world.accounts.users.require(named);
  await world.accounts.changes.deactivate(userNid, false);
  assert.deepEqual(await found(world, eve, 'samuel'), []);
});

test('words are bounded and folded alike on both sides', () => {
  assert.equal(foldForSearch('Straße ΣΟΦΌΣ Ａ'), 'strasse σοφοσ a');
  assert.deepEqual(userIdWords('@Ab.c:x.org' as UserId), ['ab.c:x.org', 'ab.c', 'ab', 'c']);
  assert.ok(nameWords('a b '.repeat(10_000)).length <= 40);
  const long = nameWords('x'.repeat(5000));
  assert.ok(long.every(word => word.length <= 100));
  assert.equal(searchedWords(Array.from({ length: 50 }, (_, at) => `w${at}`).join(' ')).length, 10);
});
