import pg from 'pg';

const LONGEST_CONNECT_MS = 5000;

/**
 * Whether PostgreSQL lets in the user of a `postgres://` URL without its password. False too where it cannot be asked. One
 * that wants the password writes a line about this try into its log.
 */
export async function letsInWithoutPassword(url: string): Promise<boolean> {
  const bare = new URL(url);
  bare.password = '';
  // Not what the environment or a file of the user knows.
  const password = () => '';
  const client = new pg.Client({
    connectionString: bare.href,
    password,
    connectionTimeoutMillis: LONGEST_CONNECT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
