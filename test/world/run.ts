/**
 * `./copse test world [--seeds N] [--fresh N] [--log] [SEED...]`: worlds of several servers with faults between and
 * in them. What was acknowledged has to be everywhere in the end, once. A seed that failed fails again when it is named;
 * `--log`: with what the servers say. `--plants [BUG...]` runs worlds with a bug in them, which they have to find.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PLANTED_BUGS } from './planted-bugs.ts';

interface Line {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly messages: number;
  readonly requests: number;
  readonly healedMs: number;
}

const LANES = 2;
const inCi = process.env.CI === 'true';
/** The same in every run, and `--fresh N` new ones. */
const FIXED = inCi ? 300 : 60;
const FRESH = inCi ? 10 : 0;
/** The first ones are large; older notes name seeds behind them that were worlds of other sizes then. */
const LARGE = 60;
const FIRST_BEHIND = 1241;
/** Seeds that one process runs after the other. */
const IN_A_ROW = 50;
/** Worlds in which a planted bug may hide before it has to be found. */
const SEEDS_FOR_A_BUG = 40;
const MOST_PROBLEMS_SHOWN = 8;
/** Several servers side by side leave much that lives for a moment; with less, an eighth more time goes into collecting it. */
const YOUNG = '--max-semi-space-size=64';
const MEMORY_DISK = '/dev/shm';
const ROOM_FOR_WORLDS = 1 << 30;

const args = process.argv.slice(2);
const withPlants = take('--plants') !== undefined;
const flags = take('--log') === undefined ? [] : ['--log'];
const count = Number(takeValue('--seeds') ?? FIXED);
const newSeeds = Number(takeValue('--fresh') ?? FRESH);
const named = withPlants ? [] : args.map(Number);
const counts = { passed: 0, failed: 0 };

if (withPlants) await findPlants();
else await runWorlds(named.length > 0 ? named : seedsOf(count));
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed > 0 ? 1 : 0);

function take(flag: string): string | undefined {
  const at = args.indexOf(flag);
  return at === -1 ? undefined : args.splice(at, 1)[0];
}

function takeValue(flag: string): string | undefined {
  const at = args.indexOf(flag);
  return at === -1 ? undefined : args.splice(at, 2)[1];
}

function seedsOf(fixed: number): number[] {
  const fresh = Date.now() % 1_000_000_000;
  return [
    ...Array.from({ length: fixed }, (_, at) => (at < LARGE ? at + 1 : FIRST_BEHIND + at - LARGE)),
    ...Array.from({ length: newSeeds }, (_, at) => fresh + at),
  ];
}

async function runWorlds(seeds: readonly number[]): Promise<void> {
  const total = { messages: 0, requests: 0 };
  const healed: number[] = [];
  const began = performance.now();
  await inLanes(seeds, flags, line => {
    counts[line.problems.length === 0 ? 'passed' : 'failed']++;
    total.messages += line.messages;
    total.requests += line.requests;
    healed.push(line.healedMs);
    if (line.problems.length > 0) showFailure(line);
    return false;
  });
  // A process that ended in the middle has told of its last seeds nothing.
  const untold = seeds.length - counts.passed - counts.failed;
  if (untold > 0) console.log(`FAILED: ${untold} worlds did not end`);
  counts.failed += untold;
  healed.sort((a, b) => a - b);
  const at = (share: number) => `${((healed[Math.floor((healed.length - 1) * share)] ?? 0) / 1000).toFixed(0)} s`;
  console.log(
    `${seeds.length} worlds, ${total.messages} messages acknowledged, ${total.requests} requests between servers, in ` +
      `${((performance.now() - began) / 1000).toFixed(0)} s; healed after ${at(0.5)} of their time (median), ${at(1)} at most`,
  );
}

function showFailure({ seed, problems }: Line): void {
  console.log(`FAILED: the world with seed ${seed}; it runs again by ./copse test world --log ${seed}`);
  for (const problem of problems.slice(0, MOST_PROBLEMS_SHOWN)) console.log(`  ${problem}`);
  if (problems.length > MOST_PROBLEMS_SHOWN) console.log(`  and ${problems.length - MOST_PROBLEMS_SHOWN} more`);
}

async function findPlants(): Promise<void> {
  const rows: string[][] = [];
  const wanted = Object.entries(PLANTED_BUGS).filter(([name]) => args.length === 0 || args.includes(name));
  for (const [name, { about }] of wanted) {
    const seeds = Array.from({ length: SEEDS_FOR_A_BUG }, (_, at) => at + 1);
    let found: Line | undefined;
    await inLanes(seeds, ['--plant', name], line => {
      if (line.problems.length > 0) found ??= line;
      return found !== undefined;
    });
    counts[found === undefined ? 'failed' : 'passed']++;
    const what = found?.problems[0]?.split('\n')[0]?.replaceAll(/\$[\w-]{43}/g, 'EVENT') ?? 'NOT FOUND';
    rows.push([name, about, found === undefined ? '-' : `${found.seed}`, what]);
  }
  const head = ['planted bug', 'what it does', 'seed', 'what was seen'];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map(row => row[column]?.length ?? 0)));
  for (const row of [head, ...rows])
    console.log(
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

/** Runs seeds side by side; ends early once `onLine` answers true. */
async function inLanes(
  seeds: readonly number[],
  laneFlags: readonly string[],
  onLine: (line: Line) => boolean,
): Promise<void> {
  const length = Math.min(IN_A_ROW, Math.ceil(seeds.length / LANES));
  const rest = Array.from({ length: Math.ceil(seeds.length / length) }, (_, at) =>
    seeds.slice(at * length, (at + 1) * length),
  );
  const running = new Set<ChildProcess>();
  const runLane = async () => {
    for (let row = rest.shift(); row !== undefined; row = rest.shift()) {
      const child = startRow([...laneFlags, ...row.map(String)]);
      running.add(child);
      for await (const text of createInterface(child.stdout)) {
        if (!onLine(JSON.parse(text) as Line)) continue;
        rest.length = 0;
        for (const each of running) each.kill('SIGKILL');
      }
      running.delete(child);
    }
  };
  await Promise.all(Array.from({ length: LANES }, runLane));
}

function startRow(rowArgs: readonly string[]) {
  const script = join(import.meta.dirname, 'lane.ts');
  return spawn(process.execPath, [YOUNG, script, ...rowArgs], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: quickFolder() },
  });
}

/** A disk in memory where there is one: what is synced there takes no time, and no crash here is of the machine. */
function quickFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_DISK);
    return bavail * bsize >= ROOM_FOR_WORLDS ? MEMORY_DISK : tmpdir();
  } catch {
    return tmpdir();
  }
}
