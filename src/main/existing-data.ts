import { systemRandom } from '../base/random.ts';
import type { Config } from '../config/schema.ts';
import { type DataFolder, DataFolderError, isDataFolder, openDataFolder } from './data-folder.ts';
import { withDatabaseInUse } from './database-place.ts';
import { isMade } from './open-database.ts';

/** The data of a server that was started once. @throws DataFolderError where there is none */
export function openExisting(config: Config): DataFolder {
  const missing = !isDataFolder(config.data_dir);
  if (missing || !isMade(withDatabaseInUse(config))) {
    throw new DataFolderError(
      `There is no server's data in ${config.data_dir}. Start it once with ./copse up, or name its folder with --data.`,
    );
  }
  return openDataFolder(config.data_dir, config.server_name, systemRandom);
}
