import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Test files run side by side; the database tests wait more than they compute, but two cores are all there may be. */
const SIDE_BY_SIDE = 2;
const reporter = join(import.meta.dirname, 'count-reporter.ts');

/** A program that passes or fails as a whole: a compiler, a linter. */
export async function runChecker(script: string, ...args: readonly string[]): Promise<Outcome> {
  const { code } = await runNode([script, ...args]);
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/** Files of node:test: shows what failed, and counts every test. */
export async function runNodeTests(patterns: readonly string[], flags: readonly string[] = []): Promise<Outcome> {
  const withCoverage = flags.includes('--experimental-test-coverage');
  const reporters = ['--test-reporter', reporter, '--test-reporter-destination', 'stdout'];
  const run = await runNode(['--test', `--test-concurrency=${SIDE_BY_SIDE}`, ...reporters, ...flags, ...patterns]);
  return withCoverage && run.code === 0 ? { ...counted(run), failed: 0 } : counted(run);
}

/** A program of ours whose last line is `N passed, N failed`. */
export async function runScript(script: string, args: readonly string[]): Promise<Outcome> {
  return counted(await runNode([script, ...args]));
}

/** A program of ours that prints a report; it fails by its exit code. */
export async function runReport(script: string, args: readonly string[]): Promise<Outcome> {
  return runChecker(script, ...args);
}

interface Run {
  readonly code: number;
  readonly lastLine: string;
}

const COUNTS = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/;

/** A program that ends without telling, or that fails without having counted a failure, is one failure. */
function counted({ code, lastLine }: Run): Outcome {
  const match = COUNTS.exec(lastLine);
  if (match === null) {
    console.log(`It ended with code ${code} and did not say how many tests passed.`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const [passed = 0, failed = 0, skipped = 0] = match.slice(1).map(text => Number(text ?? 0));
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped };
}

/** Runs Node.js, shows what it prints, and remembers the last line that is not empty. */
function runNode(args: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let tail = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text);
    tail = (tail + text).slice(-4096);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code =>
      resolve({ code: code ?? 1, lastLine: tail.trimEnd().split('\n').at(-1)?.trim() ?? '' }),
    );
  });
}
