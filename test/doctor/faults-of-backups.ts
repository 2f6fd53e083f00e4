import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { UserId } from '../../src/core/ids.ts';
import { getObject, type JsonObject } from '../../src/core/json.ts';
import { randomKey } from '../support/keys.ts';
import { newDevice } from '../support/remote-devices.ts';
import { type DoctorWorld, hasAll, until } from './doctor-world.ts';
import type { Fault } from './fault.ts';

/** Our server goes on from an earlier day than its last one. */
export const FAULTS_OF_BACKUPS: readonly Fault[] = [
  {
    id: 'F34b',
    about: 'our database was put back to some minutes ago, without anybody saying so',
    cause: 'D17',
    async inject(world) {
      const { us, peer } = world;
      const phone = await Phone.of(world, String((await us.user.ok('GET', '/v3/account/whoami')).device_id));
      await until(() => seesDevices(world, [phone]), 'the peer does not see the first device');
      const copy = join(us.server.folder, 'copy.db');
      world.change(us, `vacuum into '${copy}'`);
      const said = [await world.say(us, 'lost'), await world.say(peer, 'heard'), await world.say(us, 'lost too')];
      for (const id of said) await world.arrives(peer, id);
      const tablet = await Phone.loggedIn(world);
      await until(() => seesDevices(world, [phone, tablet]), 'the peer does not see the second device');
      assert.ok(await phone.claimed(), 'it has a key to give out');
      const { next_batch: since } = await us.user.ok('GET', '/v3/sync');
      await us.server.stop();
      for (const end of ['', '-wal', '-shm']) rmSync(join(us.server.folder, `copse.db${end}`), { force: true });
      copyFileSync(copy, join(us.server.folder, 'copse.db'));
      await us.server.start();
      await until(() => world.rows(us, 'select 1 from returned_event').length === 2, 'ours do not come back');
      return async () => {
        await hasAll(world, us, said);
        assert.equal(await phone.claimed(), false, 'a key is given out twice');
        await until(() => seesDevices(world, [phone]), 'the peer still sees a device that is lost');
        const laptop = await Phone.loggedIn(world);
        await until(() => seesDevices(world, [phone, laptop]), 'the peer does not see the devices of now');
        await seesNewOnes(world, String(since));
        return world.rows(us, 'select 1 from returned_event').length === 0;
      };
    },
  },
];

/** A device of our user with keys. */
class Phone {
  readonly #world: DoctorWorld;
  readonly id: string;

  private constructor(world: DoctorWorld, id: string) {
    this.#world = world;
    this.id = id;
  }

  static async of(world: DoctorWorld, id: string, token?: string): Promise<Phone> {
    const { server, user } = world.us;
    const { keys, sign } = newDevice(user.id as UserId, id);
    const one_time_keys = { 'signed_curve25519:A': sign({ key: randomKey() }) };
    const body = { device_keys: keys, one_time_keys };
    if (token === undefined) await user.ok('POST', '/v3/keys/upload', body);
    else assert.equal((await server.call('POST', '/v3/keys/upload', token, body)).status, 200);
    return new Phone(world, id);
  }

  static async loggedIn(world: DoctorWorld): Promise<Phone> {
    const identifier = { type: 'm.id.user', user: world.us.user.id };
    const asked = { type: 'm.login.password', identifier, password: 'a long password' };
    const { body } = await world.us.server.call('POST', '/v3/login', '', asked);
    return Phone.of(world, String(body.device_id), String(body.access_token));
  }

  /** Whether the peer's user gets a one-time key of it. */
  async claimed(): Promise<boolean> {
    const { us, peer } = this.#world;
    const wanted = { [us.user.id]: { [this.id]: 'signed_curve25519' } };
    const { one_time_keys } = await peer.user.ok('POST', '/v3/keys/claim', { one_time_keys: wanted });
    return getObject(getObject(one_time_keys as JsonObject, us.user.id) ?? {}, this.id) !== undefined;
  }
}

/** Whether the peer knows these devices of our user, with keys, and no others. */
async function seesDevices({ us, peer }: DoctorWorld, devices: readonly Phone[]): Promise<boolean> {
  const { device_keys } = await peer.user.ok('POST', '/v3/keys/query', { device_keys: { [us.user.id]: [] } });
  const seen = Object.keys(getObject(device_keys as JsonObject, us.user.id) ?? {});
  return seen.length === devices.length && devices.every(({ id }) => seen.includes(id));
}

/** Messages of now come to both, and to a client with a token of the time that was lost. */
async function seesNewOnes(world: DoctorWorld, since: string): Promise<void> {
  const { us, peer } = world;
  const fresh = [await world.say(peer, 'after it'), await world.say(us, 'and more')];
  await hasAll(world, us, fresh);
  await hasAll(world, peer, fresh);
  const { rooms = {} } = await us.user.ok('GET', `/v3/sync?since=${since}`);
  const shown = JSON.stringify(getObject(rooms as JsonObject, 'join') ?? {});
  for (const id of fresh) assert.ok(shown.includes(id), `${id} is not shown to who has an old token`);
}
