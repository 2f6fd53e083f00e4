import assert from 'node:assert/strict';
import { withAdmin } from '../../../../test/support/admin-world.ts';

withAdmin('devices of a user are listed, made, renamed and deleted with their sessions', async (world, root) => {
  const alice = await world.user('alice');
  const path = `v2/users/${alice.id}/devices`;
  const first = String((await alice.ok('GET', 'c/v3/account/whoami')).device_id);
  assert.equal((await root.call('POST', path, { device_id: 'TOASTER' })).status, 201);
  assert.equal((await root.call('POST', path, { device_id: 'TOASTER' })).status, 201);
  assert.equal((await root.ok('GET', `${path}/TOASTER`)).display_name, null);
  await root.ok('PUT', `${path}/TOASTER`, { display_name: 'toaster' });
  await root.ok('PUT', `${path}/TOASTER`, {});
  const shown = await root.ok('GET', `${path}/TOASTER`);
  assert.deepEqual([shown.display_name, shown.user_id, shown.last_seen_ts], ['toaster', alice.id, null]);
  const list = await root.ok('GET', path);
  const ids = (list.devices as unknown as { device_id: string }[]).map(device => device.device_id);
  assert.deepEqual([list.total, ids.toSorted()], [2, [first, 'TOASTER'].toSorted()]);
  await root.refused(404, 'M_NOT_FOUND', 'GET', `${path}/NONE`);
  await root.refused(404, 'M_NOT_FOUND', 'PUT', `${path}/NONE`, { display_name: 'x' });
  await root.refused(400, 'M_INVALID_PARAM', 'POST', path, { device_id: 'x'.repeat(300) });
  await root.ok('DELETE', `${path}/${first}`, {});
  await alice.refused(401, 'M_UNKNOWN_TOKEN', 'GET', 'c/v3/account/whoami');
  await root.ok('POST', `v2/users/${alice.id}/delete_devices`, { devices: ['TOASTER', 'NONE'] });
  assert.deepEqual(await root.ok('GET', path), { devices: [], total: 0 });
  await root.refused(404, 'M_NOT_FOUND', 'GET', 'v2/users/@nobody:one.example/devices');
});
