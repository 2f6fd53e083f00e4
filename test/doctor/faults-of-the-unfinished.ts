import { setTimeout as wait } from 'node:timers/promises';
import { ROLES } from '../../src/cluster/roles.ts';
import type { UserId } from '../../src/core/ids.ts';
import { newDevice } from '../support/remote-devices.ts';
import { PEER, until } from './doctor-world.ts';
import type { Fault } from './fault.ts';

/** A process of a cluster of one. */
const ALONE = { bus: 'nats://127.0.0.1:1', process: 'us-1', roles: [] as string[] };

/** What should have come behind something else, and does not: devices of users, members of rooms. */
export const FAULTS_OF_THE_UNFINISHED: readonly Fault[] = [
  {
    id: 'F27c',
    about: 'no process has the role of sending to other servers',
    cause: 'D19',
    async inject(world) {
      const { us } = world;
      await us.server.stop();
      us.server.set({ cluster: { ...ALONE, roles: ROLES.filter(role => role !== 'federation-out') } });
      await us.server.start();
      await world.say(us, 'for others');
      // As long as somebody else might take over.
      await wait(21_000);
      return undefined;
    },
  },
  {
    id: 'F40',
    about: 'the peer does not give the device lists of its users',
    cause: 'D32',
    async inject(world) {
      const { us, peer } = world;
      peer.front.answering = ({ url = '' }, answer) =>
        url.includes('/user/devices/') && answer.writeHead(500).end('<h1>Error</h1>') !== undefined;
      world.change(
        us,
        `insert into remote_device_list (user_nid, domain_nid, stale, wanted)
          select nid, domain_nid, 1, 1 from user_name where user_id = ?
          on conflict (user_nid) do update set stale = 1, wanted = 1`,
        peer.user.id,
      );
      const due =
        'insert into remote_device_server (domain_nid, due, tried, failures) select nid, 0, 0, 0 from domain where name = ? on conflict do nothing';
      world.change(us, due, PEER);
      // It looks at the start.
      await us.server.stop();
      await us.server.start();
      const failed = () => world.rows(us, 'select 1 from remote_device_server where failures > 0').length > 0;
      await until(failed, 'the peer gave its lists');
      return async () => {
        peer.front.answering = () => false;
        await world.repair('fetch_devices');
        return world.rows(us, 'select 1 from remote_device_list where wanted > 0').length === 0;
      };
    },
  },
  {
    id: 'F40b',
    about: 'the peer told of a new device, and that was lost',
    cause: 'D32',
    async inject(world) {
      const { us, peer } = world;
      const { device_id } = await peer.user.ok('GET', '/v3/account/whoami');
      const { keys } = newDevice(peer.user.id as UserId, String(device_id));
      await peer.user.ok('POST', '/v3/keys/upload', { device_keys: keys });
      const isKnown = async () => {
        const { body } = await us.user.call('POST', '/v3/keys/query', { device_keys: { [peer.user.id]: [] } });
        return JSON.stringify(body.device_keys).includes(String(device_id));
      };
      const held = 'select 1 from remote_device_list where stale = 0 and wanted = 0';
      const isHeld = async () => (await isKnown()) && world.rows(us, held).length > 0;
      await until(isHeld, 'the list of devices is not held');
      world.change(us, 'delete from remote_device');
      return isKnown;
    },
  },
  {
    id: 'F41',
    about: 'we come into a room of the peer, and never get its members',
    cause: 'D29',
    async inject(world) {
      const { us, peer } = world;
      peer.front.answering = ({ url = '' }, answer) =>
        /\/state(_ids)?\//.test(url) && answer.writeHead(504).end('<h1>Gateway Time-out</h1>') !== undefined;
      const made = await peer.user.ok('POST', '/v3/createRoom', { preset: 'public_chat' });
      await us.user.ok('POST', `/v3/join/${encodeURIComponent(String(made.room_id))}?via=${PEER}`, {});
      const failed = () => world.rows(us, 'select 1 from incomplete_room where tries > 2').length > 0;
      await until(failed, 'the room is whole', 60_000);
      return undefined;
    },
  },
];
