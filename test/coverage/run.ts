/**
 * Which operations of the specification are served and tested: `./copse test coverage [client-server|server-server]
 * [PART-OF-PATH]`. First all tests run with a recorder, which tells the tests that each operation is called in. Then each
 * operation is made to do nothing, one after the other, and those tests run again: it counts when one of them fails.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { runNodeTests } from '../support/stage.ts';
import { keyOf, type Operation, operationsOf } from './operations.ts';

/** Operations whose right answer here is `{}`: to do nothing is what they do, so they are taken away instead. */
const NOTHING_TO_SAY: Readonly<Record<string, string>> = {
  'GET /_matrix/client/v3/voip/turnServer': 'there is no TURN server',
  'GET /_matrix/client/v3/thirdparty/protocols': 'there is no bridge',
};

const SIDE_BY_SIDE = 2;
/** Files that are tried for an operation. Where none of them notices, hardly another one will. */
const MOST_FILES = 6;
/** Tests that wait for what no longer comes have noticed. */
const PATIENCE_MS = 120_000;

const root = join(import.meta.dirname, '..', '..');
const preload = (name: string) => `--import=${join(import.meta.dirname, name)}`;

/** The test files that called each operation with success, the most particular ones first. */
async function recordCalls(): Promise<ReadonlyMap<string, readonly string[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'copse-routes-'));
  const file = join(folder, 'routes');
  process.env.COPSE_ROUTES_FILE = file;
  process.env.NODE_OPTIONS = preload('record-routes.ts');
  const outcome = await runNodeTests(['src/**/*.test.ts', 'test/clients/**/*.test.ts']);
  if (outcome.failed > 0) throw new Error('Tests fail before anything is broken; mend them first.');
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  rmSync(folder, { recursive: true });
  delete process.env.COPSE_ROUTES_FILE;
  const calls = lines.map(line => {
    const [method = '', path = '', ...test] = line.split(' ');
    return { key: keyOf({ method, path }), test: relative(root, test.join(' ')) };
  });
  const breadth = Map.groupBy(calls, call => call.test);
  const byKey = Map.groupBy(calls, call => call.key);
  const rank = (test: string) => (test.startsWith('src') ? 0 : 10_000) + (breadth.get(test)?.length ?? 0);
  return new Map(
    [...byKey].map(([key, of]) => [key, [...new Set(of.map(call => call.test))].sort((a, b) => rank(a) - rank(b))]),
  );
}

/** Whether a test file fails when the operation does nothing. One database is enough to notice. */
function notices(test: string, operation: Operation): Promise<boolean> {
  const { COPSE_TEST_POSTGRES: _, CI: __, ...env } = process.env;
  const missing = NOTHING_TO_SAY[`${operation.method} ${operation.path}`] !== undefined;
  const child = spawn(process.execPath, ['--test', '--test-reporter=dot', test], {
    cwd: root,
    stdio: 'ignore',
    timeout: PATIENCE_MS,
    env: {
      ...env,
      NODE_OPTIONS: preload('sabotage.ts'),
      COPSE_SABOTAGE: keyOf(operation),
      ...(missing && { COPSE_SABOTAGE_AS: 'missing' }),
    },
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      // Our own patience ends with SIGTERM. Whoever is killed by somebody else has noticed nothing.
      if (signal === null || signal === 'SIGTERM') resolve(code !== 0);
      else reject(new Error(`${test} was ended by ${signal}; nothing can be said about ${operation.path}.`));
    });
  });
}

async function isTested(operation: Operation, calls: ReadonlyMap<string, readonly string[]>): Promise<boolean> {
  const tests = calls.get(keyOf(operation)) ?? [];
  if (tests.length === 0) {
    console.log(`not served, or not called: ${operation.method} ${operation.path}`);
    return false;
  }
  const tried = tests.slice(0, MOST_FILES);
  for (const test of tried) if (await notices(test, operation)) return true;
  console.log(`nobody notices when it does nothing: ${operation.method} ${operation.path} (${tried.join(', ')})`);
  return false;
}

const [api = 'client-server', part = ''] = process.argv.slice(2);
const operations = operationsOf(api).filter(({ path }) => path.includes(part));
const calls = await recordCalls();
const left = operations.values();
let tested = 0;
const worker = async () => {
  for (const operation of left) if (await isTested(operation, calls)) tested++;
};
await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
console.log(`${tested} of ${operations.length} ${api} operations served and tested`);
