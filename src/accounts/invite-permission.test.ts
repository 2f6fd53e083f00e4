import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccountsWorld } from '../../test/support/accounts.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import type { UserId } from '../core/ids.ts';
import { filteredInvite, inviteDecision } from './invite-permission.ts';

const BOB = '@bob:two.example' as UserId;
const EVIL = '@evil-bob:two.example' as UserId;

test('the first list with the sender in it decides, users before servers', () => {
  const of = (filter: Parameters<typeof filteredInvite>[0], sender = BOB) => filteredInvite(filter, sender);
  assert.equal(of({}), 'allow');
  assert.equal(of({ blocked_users: [BOB] }), 'block');
  assert.equal(of({ ignored_users: [BOB], blocked_users: [BOB] }), 'ignore');
  assert.equal(of({ allowed_users: [BOB], ignored_users: [BOB], blocked_servers: ['*'] }), 'allow');
  assert.equal(of({ allowed_users: [BOB], blocked_servers: ['two.example'] }, EVIL), 'block');
  assert.equal(of({ blocked_users: [EVIL], allowed_servers: ['two.example'] }, EVIL), 'block');
  assert.equal(of({ ignored_servers: ['TWO.ex*'] }), 'ignore');
  assert.equal(of({ blocked_users: ['@evil-?*:two.example'] }, EVIL), 'block');
  assert.equal(of({ blocked_users: ['@evil-?*:two.example'] }), 'allow');
  assert.equal(of({ enabled: false, blocked_users: [BOB] }), 'allow');
  assert.equal(of({ allowed_users: null, blocked_users: 'x', blocked_servers: [1, null, {}] }), 'allow');
});

onEachDatabase('the stable setting blocks everybody, and any other value nobody', async db => {
  await using world = new AccountsWorld(db);
  const { id } = await world.user('alice');
  const { userNid } = await world.accounts.users.require(id);
  const set = (type: string, content: Parameters<typeof filteredInvite>[0]) =>
    world.accounts.accountData.set(userNid, undefined, type, content);
  assert.equal(await inviteDecision(db, userNid, BOB), 'allow');
  await set('org.matrix.msc4155.invite_permission_config', { allowed_users: [BOB], ignored_servers: ['two.example'] });
  assert.equal(await inviteDecision(db, userNid, BOB), 'allow');
  assert.equal(await inviteDecision(db, userNid, EVIL), 'ignore');
  await set('m.invite_permission_config', { default_action: 'other' });
  assert.equal(await inviteDecision(db, userNid, BOB), 'allow');
  await set('m.invite_permission_config', { default_action: 'block' });
  assert.equal(await inviteDecision(db, userNid, BOB), 'block');
});
