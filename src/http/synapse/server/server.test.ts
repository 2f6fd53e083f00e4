import assert from 'node:assert/strict';
import { withAdmin } from '../../../../test/support/admin-world.ts';

withAdmin('tools are told that nothing is left to be brought up to date', async (world, root) => {
  const path = 'v1/background_updates/status';
  assert.deepEqual(await root.ok('GET', path), { enabled: true, current_updates: {} });
  await (await world.user('alice')).refused(403, 'M_FORBIDDEN', 'GET', path);
});
