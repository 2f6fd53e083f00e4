import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { RemoteDevicesWorld } from '../../../../test/support/remote-devices.ts';
import { DORA, TWO } from '../../../../test/support/remote-events.ts';
import { gatherOutdated } from './outdated-lists.ts';

onEachDatabase('a change of which nothing came is found by asking, and only where we were sure', async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  const two = (await world.rooms.nids.domains.findOne(db, TWO)) ?? 0;
  const outdated = () => gatherOutdated(world, TWO, two, 0);
  assert.deepEqual(await outdated(), [], 'nothing is held yet');
  assert.deepEqual(await world.devicesOf(DORA), ['LAPTOP', 'PHONE']);
  assert.deepEqual(await outdated(), []);
  const lost = world.dora.change('TABLET');
  assert.deepEqual(await outdated(), [DORA]);
  assert.deepEqual(await world.devicesOf(DORA), ['LAPTOP', 'PHONE'], 'nothing was changed by looking');
  // It was on its way: the list is not sure any more, or right.
  await world.receive(lost);
  assert.deepEqual(await outdated(), []);
  world.dora.delete('PHONE');
  world.down.add(TWO);
  assert.deepEqual(await outdated(), [], 'it says nothing');
  world.down.delete(TWO);
  world.instead = ({ path }) => (path === '/keys/query' ? { device_keys: {} } : undefined);
  assert.deepEqual(await outdated(), [], 'it does not name the user');
});
