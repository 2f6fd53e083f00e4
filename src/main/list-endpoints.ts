import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { LocalBus } from '../bus/bus.ts';
import { SoleLeases } from '../cluster/leases.ts';
import type { Config } from '../config/schema.ts';
import type { PlacedEndpoint } from '../http/served-by.ts';
import { composeMemory } from './compose-memory.ts';
import { composeParts } from './compose-parts.ts';
import { composeServers } from './compose-servers.ts';
import { openDataFolder } from './data-folder.ts';
import { freeSpace } from './free-space.ts';
import { openDatabase } from './open-database.ts';
import { servedEndpoints } from './served-endpoints.ts';

/**
 * What a server with these settings answers on its listener for clients: the list that `compose` serves, of a server that is
 * built and never started, on an empty database in a folder of its own.
 */
export async function listEndpoints(settings: Config): Promise<readonly PlacedEndpoint[]> {
  const path = mkdtempSync(join(tmpdir(), 'copse-endpoints-'));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rmSync(path, { recursive: true }));
  const config: Config = {
    ...settings,
    data_dir: path,
    database: { ...settings.database, url: 'sqlite' },
    media: { ...settings.media, folder: join(path, 'media') },
  };
  const surroundings = { clock: systemClock, random: systemRandom, log: silentLog, metrics: undefined, version: '' };
  const folder = openDataFolder(path, settings.server_name, systemRandom);
  const { budget, admission } = opened.use(composeMemory(config, surroundings));
  const db = opened.use(await openDatabase(config));
  // Nothing that happens here is for anybody else to hear.
  const bus = new LocalBus(error => surroundings.log.error('A listener on the bus failed.', { err: error }));
  const common = { ...surroundings, config, folder, db, bus, leases: new SoleLeases(), budget, admission };
  const machine = { disk: () => freeSpace(path), cutOff: () => [], front: () => undefined };
  const others = composeServers({ ...common, machine });
  if (others !== undefined) opened.use(others);
  const parts = opened.use(composeParts({ ...common, registrations: undefined, remote: others?.remote }));
  const federating = others?.joinTo(parts, opened);
  return servedEndpoints({ config, folder, parts, federating, version: '' }).forClients;
}
