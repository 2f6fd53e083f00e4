/**
 * `./copse test`: everything that must pass. `./copse test NAME [ARGS...]`: one suite of the table below.
 * The last line is `N passed, N failed`, with `, N skipped` where something was. With CI=true nothing may be skipped.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { installBrowser } from './browser/chromium.ts';
import { installSynapse } from './federation/install-synapse.ts';
import { installPrograms } from './front/programs.ts';
import { prepareLab } from './lab/prepare.ts';
import { ensureNats } from './support/nats.ts';
import { ensurePostgres } from './support/postgres.ts';
import { type Outcome, runChecker, runNodeTests, runReport, runScript } from './support/stage.ts';
import { installUnitPrograms } from './support/systemd.ts';

interface Suite {
  readonly name: string;
  readonly about: string;
  /** `always`: part of `./copse test`. `ci`: part of it with CI=true. `asked`: only by name. */
  readonly when: 'always' | 'ci' | 'asked';
  /** Whether it needs COPSE_TEST_POSTGRES and COPSE_TEST_NATS. */
  readonly engines?: boolean;
  readonly run: (args: readonly string[]) => Promise<Outcome>;
}

const UNIT = ['src/**/*.test.ts', 'test/*.test.ts'];
const CLIENTS = ['test/clients/**/*.test.ts'];
const FRONT = ['test/front/**/*.test.ts'];
const FEDERATION = ['test/federation/**/*.test.ts'];
/** For what waits for databases, and for processes that sleep, a third of its time. */
const MORE_AT_ONCE = ['--test-concurrency=3'];
const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
const biome = join('node_modules', '@biomejs', 'biome', 'bin', 'biome');

/**
 * To add a suite, add a line. `runNodeTests`: files of node:test. `runScript`: a program whose last line is
 * `N passed, N failed`. `runReport`: a program that prints what it likes; its exit code counts.
 */
const SUITES: readonly Suite[] = [
  {
    name: 'types',
    about: 'the TypeScript compiler',
    when: 'always',
    run: () => runChecker(tsc, '-p', 'tsconfig.json'),
  },
  { name: 'purity', about: 'core needs nothing', when: 'always', run: () => runChecker(tsc, '-p', 'src/core') },
  { name: 'lint', about: 'Biome', when: 'always', run: () => runChecker(biome, 'check', '--error-on-warnings') },
  {
    name: 'unit',
    about: 'tests beside the code',
    when: 'always',
    engines: true,
    run: args => runNodeTests(args.length > 0 ? args : UNIT, MORE_AT_ONCE),
  },
  {
    name: 'state-resolution',
    about: 'recorded rooms [FILE...]',
    when: 'always',
    run: args => runScript('test/state-resolution.ts', args),
  },
  {
    name: 'clients',
    about: 'real clients against a running server',
    when: 'always',
    run: args => runNodeTests(args.length > 0 ? args : CLIENTS),
  },
  {
    name: 'crash',
    about: 'what was acknowledged survives kills, a full disk and power cuts [--all]',
    when: 'always',
    engines: true,
    run: args => runScript('test/crash/run.ts', args),
  },
  {
    name: 'attack',
    about: 'floods of sign-ups: what gets through, and what it costs [--all]',
    when: 'always',
    run: args => runScript('test/attack/run.ts', args),
  },
  {
    name: 'browser',
    about: 'people in a real browser, with the Hydrogen client',
    when: 'ci',
    run: args => {
      installBrowser();
      return runNodeTests(args.length > 0 ? args : ['test/browser/*.test.ts']);
    },
  },
  {
    name: 'world',
    about: 'several servers with faults between them, by seeds [--seeds N] [--fresh N] [--plants] [--log] [SEED...]',
    when: 'always',
    run: args => runScript('test/world/run.ts', args),
  },
  {
    name: 'cluster',
    about: 'several processes over PostgreSQL and NATS: kills, sleeps, a lost bus',
    when: 'always',
    engines: true,
    run: args => {
      installUnitPrograms(inCi);
      return runNodeTests(args.length > 0 ? args : ['test/cluster/*.test.ts'], MORE_AT_ONCE);
    },
  },
  {
    name: 'clients-scattered',
    about: 'matrix-js-sdk against three processes, each request to another one [FILE...]',
    when: 'asked',
    engines: true,
    run: args => {
      process.env.COPSE_TEST_PROCESSES = '3';
      return runNodeTests(args.length > 0 ? args : ['test/clients/js-sdk-*.test.ts']);
    },
  },
  {
    name: 'doctor',
    about:
      'faults of federation that the doctor has to name, also with Synapse: all, or [--healthy N] [faults|pairs|packets|synapse] [1/3] [FAULT...]',
    when: 'asked',
    run: args => runScript('test/doctor/run.ts', args),
  },
  {
    name: 'front',
    about: 'real nginx and HAProxy in front of several processes [FILE...]',
    when: 'always',
    engines: true,
    run: args => {
      installPrograms(inCi);
      return runNodeTests(args.length > 0 ? args : FRONT);
    },
  },
  {
    name: 'lab',
    about: 'boards in a lab on this machine: power cuts, freezes, partitions [FILE...]',
    when: 'ci',
    engines: true,
    run: args => runLab(args, 'short'),
  },
  {
    name: 'lab-whole',
    about:
      'the same with every board, 200 people and 20 messages a second, and real clients through the front [FILE...]',
    when: 'asked',
    engines: true,
    run: args => runLab(args, 'whole'),
  },
  {
    name: 'clients-lab',
    about: 'matrix-js-sdk through the front of four boards [FILE...]',
    when: 'asked',
    engines: true,
    run: args => {
      process.env.COPSE_TEST_CLIENTS = 'lab';
      return runLab(args.length > 0 ? args : ['test/clients/js-sdk-*.test.ts'], 'whole');
    },
  },
  {
    name: 'doctor-fast',
    about: 'the same, one fault at a time and without Synapse',
    when: 'ci',
    run: () => runScript('test/doctor/run.ts', ['--fast']),
  },
  {
    name: 'federation',
    about: 'with a real Synapse, over TLS [FILE...]',
    when: 'ci',
    run: args => {
      installSynapse();
      return runNodeTests(args.length > 0 ? args : FEDERATION);
    },
  },
  { name: 'arm64', about: 'starts on arm64, under qemu', when: 'ci', run: args => runScript('test/arm64.ts', args) },
  {
    name: 'negative',
    about: 'attacks that have a test [AREA...]',
    when: 'asked',
    engines: true,
    run: args => runReport('test/negative/count.ts', args),
  },
  {
    name: 'coverage',
    about: 'operations that are served and tested [client-server|server-server|admin] [PART-OF-PATH]',
    when: 'asked',
    run: args => runReport('test/coverage/run.ts', args),
  },
  {
    name: 'bench-state-tree',
    about: 'figures of the state tree, with bars',
    when: 'asked',
    run: args => runReport('test/bench/state-tree.ts', args),
  },
  {
    name: 'bench-evil',
    about: 'what hostile events cost, with bars',
    when: 'asked',
    run: args => runReport('test/bench/evil-events.ts', args),
  },
  {
    name: 'bench-watch',
    about: 'what watching 2,000 servers costs, with bars',
    when: 'asked',
    run: args => runReport('test/bench/watch-cost.ts', args),
  },
  {
    name: 'bench-load',
    about: 'figures of a whole server under load [--postgres] [SCENARIO...]',
    when: 'asked',
    run: args => runReport('test/bench/load.ts', args),
  },
  {
    name: 'bench-boards',
    about:
      'sending and fan-out on 1, 2 and 4 boards of a lab, each with the same part of a processor [BOARDS[-whole]...]',
    when: 'asked',
    engines: true,
    run: args => {
      prepareLab();
      return runReport('test/bench/boards.ts', args);
    },
  },
  {
    name: 'bench-community',
    about: 'memory of one board with three big rooms and 100 clients, on SQLite and on PostgreSQL, with a bar',
    when: 'asked',
    engines: true,
    run: args => runScript('test/bench/community.ts', args),
  },
  {
    name: 'bench-community-boards',
    about:
      'the same on four boards of 512 MB in a lab, one of which dies; connections of 16 processes [community] [connections] [--small]',
    when: 'asked',
    engines: true,
    run: args => {
      prepareLab();
      return runScript('test/bench/community-boards.ts', args);
    },
  },
  {
    name: 'bench-sliding',
    about: 'what sliding sync costs beside /sync [ROOMS...]',
    when: 'asked',
    run: args => runReport('test/bench/sliding-sync.ts', args),
  },
  {
    name: 'bench-move',
    about: 'moving a server to PostgreSQL and back under load, with bars [EVENTS]',
    when: 'asked',
    engines: true,
    run: args => runReport('test/bench/move-database.ts', args),
  },
  {
    name: 'scaling',
    about: 'what so many boards cost those who look after them [BOARDS...]',
    when: 'asked',
    engines: true,
    run: args => runReport('test/scaling/scaling.ts', args),
  },
  {
    name: 'overload',
    about: 'ten times as much as the memory allows [--all]',
    when: 'asked',
    run: args => runScript('test/bench/overload.ts', args),
  },
  {
    name: 'bigroom',
    about: 'rooms on thousands of servers, joined in little memory [--small] [PART...]',
    when: 'asked',
    run: args => runScript('test/bigroom/run.ts', args),
  },
  {
    name: 'lines',
    about: 'lines that tests reach',
    when: 'asked',
    engines: true,
    run: () => {
      // Lines of what comes compiled are counted less exactly.
      process.env.NODE_DISABLE_COMPILE_CACHE = '1';
      return runNodeTests(UNIT, [
        '--experimental-test-coverage',
        '--test-coverage-exclude=**/*.test.ts',
        '--test-coverage-exclude=test/**',
      ]);
    },
  },
];

const inCi = process.env.CI === 'true';

function runLab(args: readonly string[], size: 'short' | 'whole'): Promise<Outcome> {
  process.env.COPSE_TEST_LAB = size;
  prepareLab();
  // Labs have the machine to themselves.
  return runNodeTests(args.length > 0 ? args : ['test/lab/*.test.ts'], ['--test-concurrency=1']);
}

function chosen(name: string | undefined): readonly Suite[] {
  if (name === undefined) return SUITES.filter(suite => suite.when === 'always' || (inCi && suite.when === 'ci'));
  const suite = SUITES.find(candidate => candidate.name === name);
  if (suite !== undefined) return [suite];
  const known = SUITES.map(each => `  ${each.name.padEnd(18)}${each.about}`).join('\n');
  console.error(`There is no suite ${name}. There are:\n${known}`);
  process.exit(2);
}

async function runSuites(suites: readonly Suite[], args: readonly string[]): Promise<Outcome> {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const suite of suites) {
    console.log(`\n== ${suite.name}: ${suite.about}`);
    const began = performance.now();
    const outcome = await suite.run(args);
    console.log(`== ${suite.name}: ${outcomeText(outcome)} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
    total.passed += outcome.passed;
    total.failed += outcome.failed;
    total.skipped += outcome.skipped;
  }
  return total;
}

function outcomeText({ passed, failed, skipped }: Outcome): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * Hundreds of processes load the same sources: each of them takes what another one has translated and compiled, half a second
 * of processor time for a whole server. Those of sources that are no longer so go with each whole run.
 */
function keepCompiled(isWholeRun: boolean): void {
  const folder = join(process.cwd(), '.cache', 'compiled');
  if (isWholeRun) rmSync(folder, { recursive: true, force: true });
  process.env.NODE_COMPILE_CACHE ??= folder;
}

const [name, ...args] = process.argv.slice(2);
process.chdir(join(import.meta.dirname, '..'));
if (!existsSync('package.json')) throw new Error('the tests are not inside a clone of Copse');
keepCompiled(name === undefined);
const suites = chosen(name);
const needsEngines = suites.some(suite => suite.engines === true);
if (needsEngines) ensureNats(inCi);
const postgres = needsEngines ? await ensurePostgres(inCi) : undefined;
const stopAtSignal = async () => {
  await postgres?.stop();
  process.exit(130);
};
process.once('SIGINT', stopAtSignal);
process.once('SIGTERM', stopAtSignal);
try {
  const total = await runSuites(suites, args);
  if (inCi && total.skipped > 0) console.log(`\nWith CI=true nothing may be skipped: ${total.skipped} were.`);
  // Nothing passed means that nothing was looked at.
  process.exitCode = total.failed > 0 || total.passed + total.skipped === 0 || (inCi && total.skipped > 0) ? 1 : 0;
  console.log(`\n${outcomeText(total)}`);
} finally {
  await postgres?.stop();
}
