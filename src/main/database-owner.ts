import { knownSecret, serverSecret } from '../accounts/server-secret.table.ts';
import type { ServerName } from '../core/ids.ts';
import { type Database, DatabaseUnavailableError } from '../db/database.ts';
import { DataFolderError } from './data-folder.ts';

/** Among the values that are the server's own, whichever process asks. */
const ROW = 'server name';

/**
 * Keeps a server off the database of another one: `database.url` may name the wrong one, or the file was copied. The first
 * server that opens a database leaves its name there. @throws DataFolderError
 */
export async function requireDatabaseOf(serverName: ServerName, db: Database): Promise<void> {
  const owner = (await ownerOf(db)) ?? (await leaveName(serverName, db));
  requireSame(serverName, owner);
}

/** The server that a database belongs to; undefined where none has left its name. */
export async function ownerOf(db: Database): Promise<ServerName | undefined> {
  const known = await knownSecret(db, ROW);
  return known === undefined ? undefined : (Buffer.from(known).toString() as ServerName);
}

/** @throws DataFolderError */
export function requireSame(serverName: ServerName, owner: string): void {
  if (owner === serverName) return;
  throw new DataFolderError(
    `The database belongs to the server ${owner}, and the data folder to ${serverName}. ` +
      `Name the data folder of ${owner} with --data, or give ${serverName} a database of its own (\`database.url\`).`,
  );
}

/** On a full disk a server starts all the same, and is read. */
async function leaveName(serverName: ServerName, db: Database): Promise<string> {
  try {
    return Buffer.from(await serverSecret(db, ROW, Buffer.from(serverName))).toString();
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) return serverName;
    throw error;
  }
}
