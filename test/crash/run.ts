/**
 * `./copse test crash [--all] [kill | postgres | postgres-gone | move | full-disk | power-cut]`: what was acknowledged survives
 * a kill -9 (on SQLite, on PostgreSQL, between the two, of PostgreSQL), a full disk and a power cut. Without `--all` a fixed part of the points is tried, so that it takes a few minutes at most.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newDatabase } from '../support/databases.ts';
import { ownPostgres } from '../support/postgres.ts';
import { fullDisk, reasonToSkip as noSmallDisk, unmount } from './full-disk.ts';
import { choosePoints, type KillNumbers, type KillPoint, KillRun } from './kills.ts';
import { MoveRun, movePoints } from './moves.ts';
import { postgresGone } from './postgres-gone.ts';
import { reasonToSkip as noTrace, powerCuts } from './power-cut.ts';

/** Servers that are killed side by side. */
const LANES = 2;
const SEED = 20_261;
const KILLS = { some: 60, all: 300 };
const GONE = { some: 5, all: 30 };
const MOVES = { some: 12, all: 90 };
const CUTS = { some: 60, all: 300 };

const args = process.argv.slice(2);
const size = args.includes('--all') ? 'all' : 'some';
const wanted = args.filter(arg => !arg.startsWith('--'));
const folder = mkdtempSync(join(tmpdir(), 'copse-crash-'));
const disk = join(folder, 'disk');
const counts = { passed: 0, failed: 0, skipped: 0 };

function failed(what: string, error: unknown, log = ''): void {
  counts.failed++;
  console.log(`FAILED: ${what}: ${error instanceof Error ? error.stack : error}`);
  if (log !== '') console.log(`  the end of the server's log:\n${log.slice(-2000)}`);
}

/** Makes the database of a run; undefined: SQLite in its data folder. */
type MakeDatabase = () => Promise<string | undefined>;

async function kills(): Promise<void> {
  await killEverywhere('kill -9', async () => undefined);
}

async function killsOnPostgres(): Promise<void> {
  const server = process.env.COPSE_TEST_POSTGRES;
  if (server === undefined) return skipped('kill -9 on PostgreSQL', 'there is no PostgreSQL');
  const made: (() => Promise<void>)[] = [];
  try {
    await killEverywhere('kill -9 on PostgreSQL', async () => {
      const { url, drop } = await newDatabase(server);
      made.push(drop);
      return url;
    });
  } finally {
    for (const drop of made) await drop();
  }
}

async function killEverywhere(what: string, database: MakeDatabase): Promise<void> {
  const began = performance.now();
  const first = await newRun(0, database);
  const points = choosePoints(await first.countSteps(), KILLS[size], SEED);
  const lanes = Array.from({ length: LANES }, (_, lane) => points.filter((_, at) => at % LANES === lane));
  const runs = await Promise.all(
    lanes.map((points, lane) => killAll(database, lane === 0 ? first : undefined, lane, points)),
  );
  const sum = (key: keyof KillNumbers) => runs.reduce((all, run) => all + run[key], 0);
  const enumerated = points.filter(point => 'step' in point).length;
  console.log(
    `${what}: ${sum('kills')} kills (${enumerated} at steps of transactions, ${points.length - enumerated} at random ` +
      `times under load; ${sum('unanswered')} before an answer), ${sum('acknowledged')} events acknowledged, ` +
      `${sum('eventsChecked')} events read back with the states before and after them, in ${seconds(began)}`,
  );
}

async function newRun(number: number, database: MakeDatabase): Promise<KillRun> {
  const run = new KillRun(join(folder, `kills-${number}`), SEED + number, await database());
  await run.start();
  return run;
}

/** After a failure the ledger says nothing more: the points that are left get a server of their own. */
async function killAll(
  database: MakeDatabase,
  started: KillRun | undefined,
  lane: number,
  points: readonly KillPoint[],
) {
  const total = { kills: 0, unanswered: 0, acknowledged: 0, eventsChecked: 0 };
  let run = started ?? (await newRun(lane, database));
  const finish = async () => {
    for (const [key, number] of Object.entries(run.numbers)) total[key as keyof KillNumbers] += number;
    await run[Symbol.asyncDispose]();
  };
  for (const [at, point] of points.entries()) {
    try {
      await run.kill(point);
      if (at === points.length - 1) await run.checkEverything();
      counts.passed++;
    } catch (error) {
      failed(`kill -9 at ${JSON.stringify(point)}`, error, run.log);
      await finish();
      run = await newRun(LANES * (at + 1) + lane, database);
    }
  }
  await finish();
  return total;
}

async function killsOfPostgres(): Promise<void> {
  const postgres = await ownPostgres();
  if (postgres === undefined) return skipped('kill -9 of PostgreSQL', 'PostgreSQL is not installed');
  const began = performance.now();
  try {
    const { kills, acknowledged, refused, slowestMs } = await postgresGone(folder, postgres, GONE[size], SEED);
    counts.passed += kills;
    console.log(
      `kill -9 of PostgreSQL: ${kills} kills under load, ${acknowledged} events acknowledged and there, ${refused} requests ` +
        `told to try again, writing again ${Math.ceil(slowestMs)} ms after it was back at the latest, in ${seconds(began)}`,
    );
  } catch (error) {
    failed('kill -9 of PostgreSQL', error);
  } finally {
    await postgres.stop();
  }
}

async function killsOfMoves(): Promise<void> {
  const server = process.env.COPSE_TEST_POSTGRES;
  if (server === undefined) return skipped('kill -9 in the middle of a move', 'there is no PostgreSQL');
  const began = performance.now();
  const database = await newDatabase(server);
  const run = new MoveRun(join(folder, 'moves'), database.url);
  try {
    await run.start();
    for (const point of movePoints(await run.countSteps(), MOVES[size])) {
      await run.kill(point);
      counts.passed++;
    }
    await run.checkEverything();
    const { kills, arrived, acknowledged } = run.numbers;
    console.log(
      `kill -9 in the middle of a move between databases: ${kills} kills, after ${arrived} of them on the new one, ` +
        `${acknowledged} events acknowledged and there, in ${seconds(began)}`,
    );
  } catch (error) {
    failed(`kill -9 in the middle of a move, after ${run.numbers.kills}`, error, run.log);
  } finally {
    await run[Symbol.asyncDispose]();
    await database.drop();
  }
}

async function fillDisk(): Promise<void> {
  const skip = noSmallDisk();
  if (skip !== undefined) return skipped('full disk', skip);
  const began = performance.now();
  try {
    const { refused, acknowledged, kinds } = await fullDisk(disk);
    counts.passed++;
    console.log(
      `full disk: ${refused} writes refused in words (${kinds.join(', ')}), ${acknowledged} events acknowledged and ` +
        `there, reading went on, writing again without a restart, in ${seconds(began)}`,
    );
  } catch (error) {
    failed('full disk', error);
  }
}

async function cuts(): Promise<void> {
  const skip = noTrace();
  if (skip !== undefined) return skipped('power cut', skip);
  const began = performance.now();
  const report = await powerCuts(join(folder, 'cuts'), CUTS[size], SEED);
  counts.passed += report.passed;
  for (const failure of report.failures) failed('power cut', failure);
  console.log(
    `power cut: ${report.passed} of ${report.cuts} cuts survived; ${report.calls} writes, syncs and renames recorded, ` +
      `up to ${report.facts} acknowledged facts looked for after each cut, in ${seconds(began)}`,
  );
}

function tidyUp(): void {
  unmount(disk);
  rmSync(folder, { recursive: true, force: true });
}

function skipped(what: string, why: string): void {
  counts.skipped++;
  console.log(`skipped: ${what} (${why})`);
}

function seconds(began: number): string {
  return `${((performance.now() - began) / 1000).toFixed(0)} s`;
}

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  kill: kills,
  postgres: killsOnPostgres,
  'postgres-gone': killsOfPostgres,
  move: killsOfMoves,
  'full-disk': fillDisk,
  'power-cut': cuts,
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    tidyUp();
    process.exit(130);
  });
}
try {
  for (const [name, run] of Object.entries(PARTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await run().catch(error => failed(name, error));
  }
} finally {
  tidyUp();
}
const { passed, failed: wrong, skipped: left } = counts;
console.log(`${passed} passed, ${wrong} failed${left > 0 ? `, ${left} skipped` : ''}`);
process.exit(wrong > 0 ? 1 : 0);
