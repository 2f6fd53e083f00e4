import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onEachDatabase } from '../../test/support/databases.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { LocalBus } from '../bus/bus.ts';
import { SoleLeases } from '../cluster/leases.ts';
import { loadConfig } from '../config/load.ts';
import { userIdOf } from '../core/ids.ts';
import { noticeRoomOf } from '../rooms/notice-rooms.table.ts';
import { accountMaker } from './account-maker.ts';
import { composeMemory } from './compose-memory.ts';
import { composeParts } from './compose-parts.ts';
import { openDataFolder } from './data-folder.ts';
import { tellAdministrators } from './tell-administrators.ts';

onEachDatabase('administrators are told, and nobody else', async (db, t) => {
  const data = mkdtempSync(join(tmpdir(), 'copse-tell-'));
  t.after(() => rmSync(data, { recursive: true }));
  const from = { config: undefined, data: undefined, noColor: true };
  const config = {
    ...loadConfig({ data, name: 'one.example', port: '0' }, from),
    password_hashing: { memory: 65_536, passes: 1 },
  };
  const [clock, random, log] = [systemClock, systemRandom, silentLog];
  await using opened = new AsyncDisposableStack();
  const { budget, admission } = opened.use(composeMemory(config, { clock, log, metrics: undefined }));
  const folder = openDataFolder(data, config.server_name, random);
  const bus = new LocalBus(error => assert.fail(String(error)));
  const input = {
    config,
    folder,
    db,
    bus,
    clock,
    random,
    log,
    budget,
    admission,
    leases: new SoleLeases(),
    remote: undefined,
    registrations: [],
  };
  const parts = opened.use(composeParts(input));
  const { serverName, nids } = parts.rooms;
  const make = accountMaker({ db, config, serverName, clock, random, nids });
  for (const [localpart, admin] of [
    ['root', true],
    ['alice', false],
  ] as const)
    await make.create({ localpart, admin, password: 'a long password' });
  await tellAdministrators(parts)('peer.example: the server is gone.');
  const roomOf = async (localpart: string) => {
    const userNid = await nids.users.findOne(db, userIdOf(localpart, serverName));
    return userNid === undefined ? undefined : noticeRoomOf(db, userNid);
  };
  assert.notEqual(await roomOf('root'), undefined);
  assert.equal(await roomOf('alice'), undefined);
});
