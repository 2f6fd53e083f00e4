import assert from 'node:assert/strict';
import { AccountsWorld, SERVER_NAME } from '../../test/support/accounts.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import type { RoomId } from '../core/ids.ts';
import { userIdOf } from '../core/ids.ts';
import { userPos, userSubject } from '../rooms/user-log.table.ts';
import { allGlobal, allOfRooms, globalSince, roomSince } from './account-data.table.ts';

const ROOM = '!room:copse.test' as RoomId;
const OTHER = '!other:copse.test' as RoomId;

onEachDatabase('sync reads what was written after a position, the latest of each type', async db => {
  await using world = new AccountsWorld(db);
  const { accountData: data, users } = world.accounts;
  const { userNid } = await users.require((await world.user('alice')).id);
  let woken = 0;
  world.bus.subscribe(userSubject(userNid), () => woken++);
  await data.set(userNid, undefined, 'a', { n: 1 });
  await data.set(userNid, ROOM, 'a', { n: 2 });
  const between = await userPos(db, userNid);
  await data.set(userNid, undefined, 'b', { n: 3 });
  await data.set(userNid, OTHER, 'a', { n: 4 });
  await data.set(userNid, undefined, 'a', { n: 5 });
  const types = (items: readonly { readonly type: string; readonly content: object }[]) =>
    items.map(({ type, content }) => [type, content]);
  assert.deepEqual(types(await globalSince(db, userNid, between)), [
    ['b', { n: 3 }],
    ['a', { n: 5 }],
  ]);
  assert.deepEqual(types(await allGlobal(db, userNid)), types(await globalSince(db, userNid, 0)));
  assert.deepEqual(
    (await roomSince(db, userNid, between)).map(({ roomId, content }) => [roomId, content]),
    [[OTHER, { n: 4 }]],
  );
  assert.deepEqual(types(await allOfRooms(db, userNid, [ROOM])), [['a', { n: 2 }]]);
  assert.deepEqual(await globalSince(db, userNid, await userPos(db, userNid)), []);
  await new Promise(resolve => setImmediate(resolve));
  assert.equal(woken, 5);
});

onEachDatabase('whom a user ignores is read from both sides, at the position that is asked for', async db => {
  await using world = new AccountsWorld(db);
  const { accountData: data, users, ignored } = world.accounts;
  const { userNid } = await users.require((await world.user('alice')).id);
  const bob = userIdOf('bob', SERVER_NAME);
  const list = (names: readonly string[]) => ({ ignored_users: Object.fromEntries(names.map(name => [name, {}])) });
  await data.set(userNid, undefined, 'm.ignored_user_list', list([bob, 'not a user', '@x:elsewhere.test']));
  const first = await userPos(db, userNid);
  assert.deepEqual([...(await ignored.ignoredBy(db, userNid, first))].sort(), [bob, '@x:elsewhere.test'].sort());
  assert.deepEqual([...(await ignored.ignorersOf(db, bob))], [userNid]);
  // A list of a room is no list of the user.
  await data.set(userNid, ROOM, 'm.ignored_user_list', list([]));
  assert.equal((await ignored.ignoredBy(db, userNid, await userPos(db, userNid))).size, 2);
  const many = Array.from({ length: 2500 }, (_, at) => `@u${at}:x`);
  await data.set(userNid, undefined, 'm.ignored_user_list', list(many));
  assert.equal((await ignored.ignoredBy(db, userNid, await userPos(db, userNid))).size, 2500);
  assert.deepEqual([...(await ignored.ignorersOf(db, bob))], []);
  await data.set(userNid, undefined, 'm.ignored_user_list', { ignored_users: [] });
  assert.equal((await ignored.ignoredBy(db, userNid, await userPos(db, userNid))).size, 0);
});

onEachDatabase('the count of bytes follows what is stored', async db => {
  await using world = new AccountsWorld(db, { accountDataBytes: 10_000 });
  const { accountData: data, users } = world.accounts;
  const { userNid } = await users.require((await world.user('alice')).id);
  const big = { a: 'ü'.repeat(4000) };
  for (let i = 0; i < 5; i++) {
    await data.set(userNid, undefined, 'big', big);
    await assert.rejects(data.set(userNid, undefined, 'more', big), { errcode: 'M_TOO_LARGE' });
    await data.set(userNid, undefined, 'big', {});
  }
  await db.tx(tx => data.removeAll(tx, userNid));
  await data.set(userNid, undefined, 'more', big);
});
