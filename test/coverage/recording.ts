import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { keyOf, REFUSED } from './operations.ts';
import { servingTests } from './serving-tests.ts';

/** The test files that called an operation, by its key. */
export type Calls = ReadonlyMap<string, readonly string[]>;

export const root = join(import.meta.dirname, '..', '..');
export const preload = (name: string) => `--import=${join(import.meta.dirname, name)}`;

/** They wait more than they compute. */
const SIDE_BY_SIDE = 3;
const FILE_TIMEOUT_MS = 120_000;

interface Call {
  readonly key: string;
  readonly test: string;
}

const folder = join(root, '.cache', 'coverage');
const file = join(folder, 'calls.tsv');

/** Where the tests of an API are for the most part: each other one takes its time and calls little that is new. */
const NEAR: Readonly<Record<string, RegExp>> = {
  'client-server':
    /^src\/(http\/(client|site)|keys|media|sync)\/|^src\/main\/(appservices|oauth|sign-on|sliding|dehydrated)/,
  'server-server': /^src\/(http\/)?federation\//,
  admin: /^src\/(http\/synapse|administration|cli)\//,
};

/** Runs tests with a recorder: which of them called each operation with success. The last record is forgotten. */
export class Recording {
  readonly #failed = new Set<string>();
  readonly #ran = new Set<string>();

  constructor() {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, '');
  }

  /** After the tests that are near the API. */
  near(api: string): Promise<Calls> {
    return this.#record(servingTests().filter(test => NEAR[api]?.test(test)));
  }

  /** After all tests that call endpoints. */
  all(): Promise<Calls> {
    return this.#record(servingTests());
  }

  /** Those first that call little else. Files that fail as they are can show nothing and are left out. */
  async #record(tests: readonly string[]): Promise<Calls> {
    const fresh = tests.filter(test => !this.#ran.has(test));
    for (const test of fresh) this.#ran.add(test);
    process.env.COPSE_ROUTES_FILE = file;
    process.env.NODE_OPTIONS = preload('record-routes.ts');
    const failed = fresh.length === 0 ? [] : await failingFiles(fresh);
    delete process.env.COPSE_ROUTES_FILE;
    delete process.env.NODE_OPTIONS;
    for (const test of failed) {
      this.#failed.add(test);
      console.log(`fails as it is, and shows nothing: ${test}`);
    }
    return byKey(readCalls(file).filter(({ test }) => !this.#failed.has(test)));
  }
}

/** What the last run recorded. */
export function recordedCalls(): Calls {
  if (!existsSync(file)) throw new Error('Nothing was recorded yet: run it once without --recorded.');
  return byKey(readCalls(file));
}

async function failingFiles(files: readonly string[]): Promise<ReadonlySet<string>> {
  const failed = new Set<string>();
  const paths = files.map(file => join(root, file));
  const stream = run({ files: paths, concurrency: SIDE_BY_SIDE, timeout: FILE_TIMEOUT_MS });
  stream.on('test:fail', ({ file }) => failed.add(relative(root, file ?? '')));
  for await (const _ of stream);
  return failed;
}

function readCalls(file: string): Call[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.flatMap(line => {
    const [method = '', path = '', outcome, test = ''] = line.split('\t');
    const key = keyOf({ method, path });
    return outcome === 'succeeded' || REFUSED.has(key) ? [{ key, test: relative(root, test) }] : [];
  });
}

function byKey(calls: readonly Call[]): Calls {
  const breadth = Map.groupBy(calls, call => call.test);
  const particular = (a: string, b: string) => (breadth.get(a)?.length ?? 0) - (breadth.get(b)?.length ?? 0);
  const groups = Map.groupBy(calls, call => call.key);
  return new Map([...groups].map(([key, of]) => [key, [...new Set(of.map(call => call.test))].sort(particular)]));
}
