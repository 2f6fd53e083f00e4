import { readRegistrations } from '../appservice/registration-file.ts';
import { systemRandom } from '../base/random.ts';
import { sizeText } from '../cli/size-text.ts';
import { type ConfigArgs, loadConfig } from '../config/load.ts';
import { policyWarnings } from '../federation/server-policy.ts';
import { schemaNumber } from './census.table.ts';
import { budgetOf } from './compose-memory.ts';
import { askControl } from './control.ts';
import { isDataFolder, openDataFolder } from './data-folder.ts';
import { withDatabaseInUse } from './database-place.ts';
import { openDatabase } from './open-database.ts';

/** `copse check`: reads everything that `up` would read, changes nothing, and says what it found. */
export async function checkSettings(args: ConfigArgs): Promise<number> {
  const config = loadConfig(args);
  console.log('settings     good');
  console.log(`registration ${config.registration.mode}`);
  console.log(
    `memory       ${sizeText(config.memory)}, of which ${sizeText(budgetOf(config.memory).bytes)} for caches, queues and buffers`,
  );
  if (!isDataFolder(config.data_dir)) {
    console.log(`data folder  ${config.data_dir}, which the first start will make`);
    return 0;
  }
  const folder = openDataFolder(config.data_dir, config.server_name, systemRandom);
  const registrations = readRegistrations(config.appservices, folder.serverName);
  if (registrations.length > 0) console.log(`bridges      ${registrations.map(({ id }) => id).join(', ')}`);
  for (const warning of policyWarnings(config.federation, folder.serverName)) console.log(`careful      ${warning}`);
  console.log(`data folder  ${folder.path}, of ${folder.serverName}, key ${folder.signingKey.keyId}`);
  await using db = await openDatabase(withDatabaseInUse(config));
  console.log(`database     ${db.dialect === 'sqlite' ? 'SQLite' : 'PostgreSQL'}, schema ${await schemaNumber(db)}`);
  const running = await askControl(folder.path);
  console.log(`server       ${running === undefined ? 'not running' : `running, process ${running.pid}`}`);
  return 0;
}
