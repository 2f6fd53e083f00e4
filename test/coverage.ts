/**
 * Which operations of the specification are served and tested: `./copse test coverage [client-server|server-server]`.
 * An operation counts when a route of its own answers it and a test got a successful answer from that route. The tests
 * run as they are, with a recorder loaded before them.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNodeTests } from './support/stage.ts';

interface Operation {
  readonly method: string;
  readonly path: string;
}

const table = join(import.meta.dirname, 'fixtures', 'api', 'operations.tsv');

/** The operations of one API, as the specification writes their paths. */
function operationsOf(api: string): Operation[] {
  const rows = readFileSync(table, 'utf8').trim().split('\n').slice(1);
  return rows
    .map(row => row.split('\t'))
    .filter(([spec]) => spec === api)
    .map(([, , method = '', path = '']) => ({ method, path }));
}

/** `{roomId}` and `:roomId` are the same; a slash at the end makes no difference. */
function shape(path: string): string {
  return path.replace(/\{[^}]+\}|:[A-Za-z]+/g, '*').replace(/\/$/, '');
}

const folder = mkdtempSync(join(tmpdir(), 'copse-routes-'));
const file = join(folder, 'routes');
process.env.COPSE_ROUTES_FILE = file;
process.env.NODE_OPTIONS = `--import=${join(import.meta.dirname, 'support', 'record-routes.ts')}`;
const api = process.argv[2] ?? 'client-server';
const outcome = await runNodeTests(['src/**/*.test.ts', 'test/clients/**/*.test.ts']);
const tested = new Set(
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map(line => {
      const [method = '', path = ''] = line.split(' ');
      return `${method} ${shape(path)}`;
    }),
);
rmSync(folder, { recursive: true });
const operations = operationsOf(api);
const missing = operations.filter(({ method, path }) => !tested.has(`${method} ${shape(path)}`));
for (const { method, path } of missing) console.log(`not covered: ${method} ${path}`);
console.log(`${operations.length - missing.length} of ${operations.length} ${api} operations served and tested`);
console.log(`${outcome.passed} passed, ${outcome.failed} failed`);
process.exitCode = outcome.failed === 0 ? 0 : 1;
