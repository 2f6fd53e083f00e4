/**
 * Which operations are served and tested: `./copse test coverage [API] [PART-OF-PATH] [--recorded]`. First the tests near the API run
 * with a recorder, which tells the files that each operation is called in. Then each operation is made to do nothing, one
 * after the other, and those files run again: it counts when one of them fails. One database is enough to notice.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { APIS, keyOf, type Operation, operationsOf } from './operations.ts';
import { type Calls, preload, Recording, recordedCalls, root } from './recording.ts';

/** Operations whose right answer may be `{}`: to do nothing is what they do, so they are taken away instead. */
const NOTHING_TO_SAY: ReadonlySet<string> = new Set(['GET /_matrix/client/v3/thirdparty/protocols']);

/** Tests that are ended before their end tidy up nothing. */
const leftBehind = mkdtempSync(join(tmpdir(), 'copse-coverage-'));
process.once('exit', () => rmSync(leftBehind, { recursive: true, force: true }));

/** They wait more than they compute. */
const SIDE_BY_SIDE = 3;
/** Files that are tried for an operation. Where none of them notices, hardly another one will. */
const MOST_FILES = 4;
/** Tests that say nothing for so long wait for what no longer comes: they have noticed. A slow machine is no reason. */
const PATIENCE_MS = 60_000;

/** Whether a test file fails when the operation does nothing. The first test of it that does is enough. */
function notices(test: string, operation: Operation): Promise<boolean> {
  const key = keyOf(operation);
  const as = NOTHING_TO_SAY.has(key) ? 'missing' : 'idle';
  const options = `--test-reporter=tap ${preload('sabotage.ts')}`;
  const env = { ...process.env, TMPDIR: leftBehind, NODE_OPTIONS: options, COPSE_SABOTAGE: key, COPSE_SABOTAGE_AS: as };
  const child = spawn(process.execPath, [test], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'], env });
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const noticed = () => {
    resolve(true);
    child.kill();
  };
  let patience = setTimeout(noticed, PATIENCE_MS);
  createInterface({ input: child.stdout }).on('line', line => {
    clearTimeout(patience);
    if (/^ *not ok /.test(line)) noticed();
    else patience = setTimeout(noticed, PATIENCE_MS);
  });
  child.once('error', reject);
  child.once('close', (code, signal) => {
    clearTimeout(patience);
    // What somebody else ends has noticed nothing; our own end comes too late to count.
    if (signal === null) resolve(code !== 0);
    else reject(new Error(`${test} was ended by ${signal}; nothing can be said about ${operation.path}.`));
  });
  return promise;
}

/** Why it does not count; undefined where it does. */
async function fault(operation: Operation, calls: Calls): Promise<string | undefined> {
  const tests = calls.get(keyOf(operation)) ?? [];
  if (tests.length === 0) return `not served, or not called: ${operation.method} ${operation.path}`;
  const tried = tests.slice(0, MOST_FILES);
  for (const test of tried) if (await notices(test, operation)) return undefined;
  return `nobody notices when it does nothing: ${operation.method} ${operation.path} (${tried.join(', ')})`;
}

/** Those that do not count, and why. */
async function faults(operations: readonly Operation[], calls: Calls): Promise<Map<Operation, string>> {
  const left = operations.values();
  const found = new Map<Operation, string>();
  const worker = async () => {
    for (const operation of left) {
      const why = await fault(operation, calls);
      if (why !== undefined) found.set(operation, why);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  return found;
}

/** The tests near the API come first; all others run only for what these do not show. `recording`: undefined for the last one. */
async function count(api: string, part: string, recording: Recording | undefined): Promise<string> {
  const operations = operationsOf(api).filter(({ path }) => path.includes(part));
  let missing = await faults(operations, recording === undefined ? recordedCalls() : await recording.near(api));
  if (missing.size > 0 && recording !== undefined) missing = await faults([...missing.keys()], await recording.all());
  for (const why of missing.values()) console.log(why);
  return `${operations.length - missing.size} of ${operations.length} ${api} operations served and tested`;
}

const args = process.argv.slice(2);
const [asked, part = ''] = args.filter(arg => !arg.startsWith('--'));
delete process.env.COPSE_TEST_POSTGRES;
delete process.env.CI;
// The last run's: quicker, when one has written a test for what was missing.
const recording = args.includes('--recorded') ? undefined : new Recording();
const results: string[] = [];
for (const api of asked === undefined ? APIS : [asked]) results.push(await count(api, part, recording));
console.log(results.join('\n'));
