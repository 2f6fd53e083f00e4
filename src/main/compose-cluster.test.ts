import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SoleLeases } from '../cluster/leases.ts';
import { leasesOf, ROLES, roleOf } from '../cluster/roles.ts';
import { REQUEST_ROLES } from '../http/role.ts';

test('a process does the work of its roles and leaves the rest', async () => {
  const done: string[] = [];
  const leases = leasesOf(new SoleLeases(), new Set(['push', 'rooms']));
  for (const name of ['push', 'shard-7', 'maintenance', 'joins', 'federation-out-3'])
    await leases.hold(name, async () => void done.push(name), AbortSignal.abort());
  assert.deepEqual(done, ['push', 'shard-7', 'joins']);
});

test('placement is the work of any process, so that it outlives every board', async () => {
  const did: string[] = [];
  for (const role of ROLES) {
    const leases = leasesOf(new SoleLeases(), new Set([role]));
    await leases.hold('placement', async () => void did.push(role), AbortSignal.abort());
  }
  assert.deepEqual(did, [...ROLES]);
});

test('work without a role is an error where it is asked for', () => {
  assert.throws(() => roleOf('sweeping the yard'), RangeError);
});

test('every role that answers requests is a role', () => {
  const known: readonly string[] = ROLES;
  assert.deepEqual(
    REQUEST_ROLES.filter(role => !known.includes(role)),
    [],
  );
});
