import { readRegistrations } from '../appservice/registration-file.ts';
import { systemRandom } from '../base/random.ts';
import { sizeText } from '../cli/size-text.ts';
import { type ConfigArgs, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { ServerName } from '../core/ids.ts';
import { newestMigration } from '../db/migrate.ts';
import { policyWarnings } from '../federation/server-policy.ts';
import { checkBusFiles } from './compose-bus.ts';
import { budgetOf } from './compose-memory.ts';
import { askControl } from './control.ts';
import { isDataFolder, openDataFolder, requireGoodName, TRIAL_NAME } from './data-folder.ts';
import { ownerOf, requireSame } from './database-owner.ts';
import { withDatabaseInUse } from './database-place.ts';
import { readOldKeys } from './old-keys.ts';
import { isMade, openDatabase } from './open-database.ts';
import { certificateFiles, readAuthorities, readCertificate } from './tls-files.ts';

/** `copse check`: reads everything that `up` would read, changes nothing, and says what it found. */
export async function checkSettings(args: ConfigArgs, print = (text: string) => console.log(text)): Promise<number> {
  const config = loadConfig(args);
  print('settings     good');
  print(`registration ${config.registration.mode}`);
  print(
    `memory       ${sizeText(config.memory)}, of which ${sizeText(budgetOf(config.memory).bytes)} for caches, queues and buffers`,
  );
  readFiles(config);
  const folder = isDataFolder(config.data_dir)
    ? openDataFolder(config.data_dir, config.server_name, systemRandom)
    : undefined;
  if (folder === undefined) requireGoodName(config.server_name ?? TRIAL_NAME);
  else readOldKeys(folder.path);
  const serverName = folder?.serverName ?? ((config.server_name ?? TRIAL_NAME) as ServerName);
  const registrations = readRegistrations(config.appservices, serverName);
  if (registrations.length > 0) print(`bridges      ${registrations.map(({ id }) => id).join(', ')}`);
  for (const warning of policyWarnings(config.federation, serverName)) print(`careful      ${warning}`);
  print(
    folder === undefined
      ? `data folder  ${config.data_dir}, which the first start will make`
      : `data folder  ${folder.path}, of ${folder.serverName}, key ${folder.signingKey.keyId}`,
  );
  print(`database     ${await databaseText(withDatabaseInUse(config), serverName)}`);
  if (folder === undefined) return 0;
  const running = await askControl(folder.path);
  print(`server       ${running === undefined ? 'not running' : `running, process ${running.pid}`}`);
  return 0;
}

/** Certificates and keys. @throws TlsFileError */
function readFiles(config: Config): void {
  readAuthorities(config.tls.extra_ca);
  const { federation } = config.listen;
  const files = federation.enabled ? certificateFiles(federation) : undefined;
  if (files !== undefined) readCertificate(files);
  checkBusFiles(config);
}

/** @throws MigrationError, DataFolderError, DatabaseUnavailableError, or what the database says */
async function databaseText(config: Config, serverName: ServerName): Promise<string> {
  const name = config.database.url === 'sqlite' ? 'SQLite' : 'PostgreSQL';
  if (!isMade(config)) return `${name}, which the first start will make`;
  await using db = await openDatabase(config);
  const newest = await newestMigration(db);
  if (newest !== undefined) requireSame(serverName, (await ownerOf(db)) ?? serverName);
  return newest === undefined ? `${name}, which the first start will fill` : `${name}, schema ${newest}`;
}
