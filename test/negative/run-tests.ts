import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The last line of the reporter. */
export const END = '{"end":true}';

export interface TestOutcome {
  readonly name: string;
  readonly passed: boolean;
  /** The beginning of why it failed. */
  readonly error?: string;
}

/** A test that hangs fails; the others still count. */
const TEST_TIMEOUT_MS = 120_000;
/** Files that have a process each wait more than they compute. */
const ALONE_AT_ONCE = 3;

const reporter = join(import.meta.dirname, 'outcome-reporter.ts');

/** Folders whose tests share a process: to load a server's sources costs more than most of these tests. */
const LANES: readonly RegExp[] = [/^src\/(federation|media)\//, /^src\/main\//, /^test\//, /^src\//];
/** Files that measure their own process. */
const ALONE: readonly string[] = ['src/federation/joining/large-answers.test.ts'];

/**
 * Runs the tests that have such a title; `idsOf`: by file, what the titles in it begin with. Files share a few processes;
 * one in which something failed, or whose process did not come to its end, is run once more by itself, and that holds.
 */
export async function runTests(idsOf: ReadonlyMap<string, readonly string[]>, title: string): Promise<TestOutcome[]> {
  const shared = [...idsOf.keys()].filter(file => !ALONE.includes(file));
  const lanes = Map.groupBy(shared, file => LANES.findIndex(lane => lane.test(file)));
  const runs = await Promise.all([...lanes.values()].map(files => runLane(files, title)));
  const passed = runs.flatMap(run => run.outcomes).filter(outcome => outcome.passed);
  const failures = runs.flatMap(run => run.outcomes).filter(outcome => !outcome.passed);
  const isDoubted = (file: string, ids: readonly string[]) =>
    !shared.includes(file) ||
    runs.some(run => !run.ended && run.files.includes(file)) ||
    failures.some(({ name }) => ids.some(id => name.includes(id)));
  const again = [...idsOf].filter(([file, ids]) => isDoubted(file, ids)).map(([file]) => file);
  for (const file of again) console.log(`by itself: ${file}`);
  return again.length === 0 ? passed : [...passed, ...(await runAlone(again, title))];
}

interface Run {
  readonly files: readonly string[];
  readonly outcomes: readonly TestOutcome[];
  /** False when its process died on the way. */
  readonly ended: boolean;
}

function runLane(files: readonly string[], title: string): Promise<Run> {
  return runNode(files, title, ['--test-isolation=none']);
}

async function runAlone(files: readonly string[], title: string): Promise<readonly TestOutcome[]> {
  return (await runNode(files, title, [`--test-concurrency=${ALONE_AT_ONCE}`])).outcomes;
}

async function runNode(files: readonly string[], title: string, flags: readonly string[]): Promise<Run> {
  const args = ['--test', ...flags, `--test-timeout=${TEST_TIMEOUT_MS}`, `--test-name-pattern=/${title}/`];
  const toPipe = ['--test-reporter', reporter, '--test-reporter-destination', 'stderr'];
  const child = spawn(process.execPath, [...args, ...toPipe, ...files], { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = once(child, 'close');
  const outcomes: TestOutcome[] = [];
  let ended = false;
  for await (const line of createInterface({ input: child.stderr })) {
    ended ||= line === END;
    // What the tests themselves write there is not for us.
    if (line.startsWith('{"name":')) outcomes.push(JSON.parse(line) as TestOutcome);
  }
  await closed;
  return { files, outcomes, ended };
}
