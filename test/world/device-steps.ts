import { attempt } from './ledger.ts';
import type { World } from './world.ts';

/** A user logs in with one more device, or out with one; somebody elsewhere has looked at the devices before. */
export async function changeDevices(world: World): Promise<void> {
  const user = world.random.pick(world.users);
  const other = world.random.pick(world.users);
  await attempt(world, other, () => other.call('POST', '/v3/keys/query', { device_keys: { [user.id]: [] } }));
  if (world.random.chance(0.3)) await attempt(world, user, () => user.removeDevice());
  else await attempt(world, user, () => user.addDevice(`DEVICE${world.count++}`, world.random));
}
