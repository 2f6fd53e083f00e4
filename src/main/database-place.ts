import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder, writeDurably } from '../base/write-durably.ts';
import type { Config } from '../config/schema.ts';
import type { Place, PlaceMark } from '../db/moving/place.ts';
import { DataFolderError } from './data-folder.ts';

const FILE = 'database-place.json';

/** The file in a data folder that says where its database is once that was moved. It holds a password: for its owner only. */
export function placeMark(folder: string): PlaceMark {
  const file = join(folder, FILE);
  return {
    read: () => (existsSync(file) ? parse(file) : undefined),
    write(place) {
      if (place !== undefined) return writeDurably(file, `${JSON.stringify(place, null, 2)}\n`);
      rmSync(file, { force: true });
      syncFolder(folder);
    },
  };
}

/** The settings with the database that is in use: the one that the data folder names, unless the settings name PostgreSQL. */
export function withDatabaseInUse<C extends Pick<Config, 'database' | 'data_dir'>>(config: C): C {
  if (config.database.url !== 'sqlite') return config;
  const place = placeMark(config.data_dir).read();
  return place?.kind === 'postgres' ? { ...config, database: { ...config.database, url: place.url } } : config;
}

/** @throws DataFolderError */
function parse(file: string): Place {
  try {
    const { kind, url, moveId, isConfirmed } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    if (kind === 'sqlite' && typeof moveId === 'string') return { kind, moveId };
    if (
      kind === 'postgres' &&
      typeof url === 'string' &&
      typeof moveId === 'string' &&
      typeof isConfirmed === 'boolean'
    )
      return { kind, url, moveId, isConfirmed };
  } catch (error) {
    throw new DataFolderError(
      `${file} cannot be read (${(error as Error).message}). Put it back from your backup.`,
      error,
    );
  }
  throw new DataFolderError(`${file} does not say where the database is. Put it back from your backup.`);
}
