/**
 * `lane.ts [--log] [--plant NAME] SEED...`: runs seeds one after the other, and prints a line of JSON for each. `--log`:
 * with what the servers say, on the standard error.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../src/db/migrate.ts';
import { SqliteDatabase } from '../../src/db/sqlite.ts';
import { runSeed } from './one-seed.ts';
import { plantNamed } from './planted-bugs.ts';

const args = process.argv.slice(2);
const isTold = args[0] === '--log' && args.shift() !== undefined;
const name = args[0] === '--plant' ? args.splice(0, 2)[1] : undefined;

// A ghost of a crashed server may fail at anything.
process.on('unhandledRejection', () => undefined);

const folder = mkdtempSync(join(tmpdir(), 'copse-world-'));
const template = join(folder, 'template.db');
const db = new SqliteDatabase({ file: template, synchronous: 'off' });
await migrate(db);
await db[Symbol.asyncDispose]();
for (const seed of args.map(Number)) {
  const result = await runSeed(seed, template, { plant: plantNamed(name), isTold }).catch((error: Error) => ({
    problems: [`it broke off: ${error.stack}`],
    messages: 0,
    requests: 0,
    healedMs: 0,
    digest: '',
  }));
  console.log(JSON.stringify({ seed, ...result }));
}
rmSync(folder, { recursive: true });
process.exit(0);
